"""A linear support vector machine on the music alone.

::

    6373 functionals of the song ── z-score ── linear SVM, C = 0.25 ── slope, offset ── P(high)
                                                 training trials       validation trials

Source: the SVM on music features of Yin et al. 2022, Table 3.

Inputs: the music features of `rtcan music-features`, standardised with the songs of the training
trials. No EDA.

Defaults: C = 0.25, as for `svm-eda`, whose docstring says how decisions become probabilities.

Differences from the original: none known; the paper does not give its C. All listeners of a song
get the same prediction. Therefore trials with the same song and the same label are one row with a
weight, and the 6373 numbers are transformed to as many coordinates as there are songs. Both make
fitting fast and do not change the solution.
"""

from __future__ import annotations

from rtcan_cli.models.svm import LinearSVM

build = LinearSVM
