"""How long the recording is, and nothing else: what the skin did is not seen.

Where listeners may skip a song, how long they listened says something of how they liked it. A
model of signals of unlike lengths can tell the lengths: recordings that are stretched to one length
show responses that are as slow as they were short. This model shows which score is possible from
the length alone, and so how much of another model's score need not come from the skin.

::

    log of the seconds ── z-score ── weight, intercept ── logistic ── P(high)

Source: none; the first baseline for recordings of unlike lengths.

Inputs: the length of each recording as `rtcan ingest` stored it, onset included. Windows
(`--window`) do not change it.

Defaults: logistic regression with a squared penalty on the weight (C = 1), which is nearly none
with a single number and some hundred trials. If all recordings are equally long, it predicts the
same for every trial.
"""

from __future__ import annotations

from functools import partial

from rtcan_cli.models.baselines.logistic import Logistic

build = partial(Logistic, 1.0)
