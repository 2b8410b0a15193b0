"""A linear support vector machine on hand-crafted EDA features.

::

    128 EDA features ── z-score ── linear SVM, C = 0.25 ── slope, offset ── P(high)
                                     training trials       validation trials

Source: the SVM of Yin et al. 2022, sec. 5.2 and Table 3, on features following Shukla et al. (IEEE
TAC 12(4), 2021).

Inputs: the 128 features of `rtcan eda-features`, standardised with the training trials.

Defaults: C = 0.25, hinge loss, squared penalty, an intercept that is not penalised.

Differences from the original: which 128 features it used is not published, so they are rtcan's own.
An SVM gives decision values and no probabilities. The probabilities come from Platt's scaling,
fitted to the validation trials, because on training trials an SVM is overconfident. A trial is high
if its probability is above 1/2, so the offset moves the threshold slightly to the position that
fits the validation trials.
"""

from __future__ import annotations

from rtcan_cli.models.svm import LinearSVM

build = LinearSVM
