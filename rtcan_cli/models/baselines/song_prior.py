"""How the training subjects rated the same song: neither audio nor EDA.

With disjoint subjects, songs of test trials may have been heard in training; `evaluate` says how
many were. This model shows which score is possible from knowing only what others felt. A model that
is fused with music has to be better than this to show that it has learned more than the songs.

::

    training labels ─┬─ share of high of each song, drawn to the overall share ─┬─ P(high)
                     └─ overall share, for songs that nobody heard in training ─┘

Source: none; the first baseline for a fused model.

Inputs: names of the songs (or videos), and labels of the training trials. A song with several names
is one song.

Defaults: a song with k of n training trials high has the share (k + 2 s) / (n + 2), where s is the
share of all training trials: as if the song had two more trials with the overall share. With
disjoint stimuli it predicts the same for every trial.
"""

from __future__ import annotations

from functools import partial

from rtcan_cli.models.prior import GroupPrior

build = partial(GroupPrior, "stimulus")
