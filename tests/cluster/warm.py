"""Read by the process that starts workers: they are forks of one that has loaded the libraries.

Each would load them for seconds otherwise, and again when it is started in place of a killed one.
"""

from __future__ import annotations

from distributed.utils import get_mp_context

context = get_mp_context()  # sets modules of its own
context.set_forkserver_preload(
    [
        "distributed",
        "rtcan_cli.cluster.worker",
        "rtcan_cli.steps.signals.music_features",
        "rtcan_cli.steps.signals.decompose_work",
        "rtcan_cli.steps.signals.eda_features_work",
        "rtcan_cli.steps.training.train",
    ]
)
