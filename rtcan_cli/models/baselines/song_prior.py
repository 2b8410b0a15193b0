"""What the training subjects said of the same song: neither audio nor EDA.

With disjoint subjects every song of a test trial was also heard in training. So this says how far
one comes by knowing that others liked it. A model that is fused with music has to beat it to have
learnt more than the songs.

::

    training labels ─┬─ share of high of each song, drawn to the overall share ─┬─ P(high)
                     └─ overall share, for songs that nobody heard in training ─┘

Source: none; the first thing to compare a fused model with.

Inputs: names of the songs (or videos), and labels of the training trials. A song that is there
under several names is one song.

Defaults: a song with k of n training trials high has the share (k + 2 s) / (n + 2), where s is the
share of all training trials: as if two more trials like all the others were known of it. With
disjoint stimuli it says the same of every trial.
"""

from __future__ import annotations

from functools import partial

from rtcan_cli.models.prior import GroupPrior
from rtcan_cli.models.registry import Model

MODEL = Model(
    name="song-prior",
    title="majority class of the song",
    source="no model",
    eda="none",
    fusion=("none",),
    learner=partial(GroupPrior, "stimulus"),
)
