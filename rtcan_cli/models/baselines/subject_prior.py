"""How the same subject rated other songs: neither audio nor EDA.

Only for protocols with the same subjects in training and in test. It shows how much of such a score
comes from knowing the subjects.

::

    training labels ─┬─ share of high of each subject, drawn to the overall share ─┬─ P(high)
                     └─ overall share, for subjects without a training trial ──────┘

Source: none; the baseline for models whose folds share subjects.

Inputs: names of the subjects, and labels of the training trials.

Defaults: as for `song-prior`. By default, `relabel` makes labels that are relative to each subject,
so there may be little to know; with `relabel --method fixed` there is more.
"""

from __future__ import annotations

from functools import partial

from rtcan_cli.models.prior import GroupPrior

build = partial(GroupPrior, "subject")
