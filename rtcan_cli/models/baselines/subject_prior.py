"""What the same subject said of other songs: neither audio nor EDA.

Only where a subject is in training and in test. It says how much of such a score is mere
acquaintance with the subjects.

::

    training labels ─┬─ share of high of each subject, drawn to the overall share ─┬─ P(high)
                     └─ overall share, for subjects without a training trial ──────┘

Source: none; what to compare a model with whose folds share subjects.

Inputs: names of the subjects, and labels of the training trials.

Defaults: as for `song-prior`. Labels are relative to each subject unless `relabel` is told
otherwise, so there may be little to know; with `relabel --method fixed` there is more.
"""

from __future__ import annotations

from functools import partial

from rtcan_cli.models.prior import GroupPrior
from rtcan_cli.models.registry import Model

MODEL = Model(
    name="subject-prior",
    title="majority class of the subject",
    source="no model",
    eda="none",
    fusion=("none",),
    learner=partial(GroupPrior, "subject"),
    protocols=("trial", "stimulus"),
)
