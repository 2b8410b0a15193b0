"""What the demo claims, measured on its data: subjects nobody has trained on.

Run it as ``.venv/bin/python benchmarks/claims.py demo/stores``, after ``make demo``.

Trains the same folds with EDA alone, with EDA and music, and with labels dealt at random among the
trials, and prints each beside the majority class. The data are simulated.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from rtcan_cli.evaluation.metrics import fold_scores, summarise
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.inputs import Sources, training_data
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.run import cross_validate

FOLDS, LENGTH, ONSET, SEED = 5, 500, 3.0, 0


def accuracy(data: TrainingData) -> tuple[float, float, float]:
    """Mean and standard deviation of the accuracy over folds, and the majority class's mean."""
    protocol = PROTOCOLS["subject"]
    splits = protocol.split(data.subject, data.stimulus, data.label, FOLDS, SEED)
    spec = ModelSpec("Rf", n_music=data.n_music, length=LENGTH)
    probability = np.full(len(data.label), np.nan)
    for result in cross_validate(data, splits, protocol, spec, RECIPES["tuned"], seed=SEED):
        probability[splits.roles(result.fold).test] = result.test_probability
    summary = summarise(fold_scores(data.label, probability, splits.test_fold))
    return summary.accuracy_mean, summary.accuracy_sd, summary.majority_mean


def main(stores: Path) -> None:
    folder = stores / "pmemo"
    alone = Sources(folder / "components.h5", folder / "labels.h5")
    fused = replace(alone, music=folder / "music.h5")
    rng = np.random.default_rng(SEED)
    for target in ("arousal", "valence"):
        eda, _ = training_data(alone, target, ONSET, LENGTH)
        both, _ = training_data(fused, target, ONSET, LENGTH)
        shuffled = replace(both, label=rng.permutation(both.label))
        print(f"{target}, {len(eda.label)} simulated trials, {FOLDS} folds of unseen subjects")
        for name, data in (
            ("EDA alone", eda),
            ("EDA and music", both),
            ("EDA and music, shuffled labels", shuffled),
        ):
            mean, sd, majority = accuracy(data)
            print(
                f"  {name:31s} {100 * mean:5.1f} % (sd {100 * sd:3.1f}), "
                f"majority class {100 * majority:5.1f} %",
                flush=True,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
