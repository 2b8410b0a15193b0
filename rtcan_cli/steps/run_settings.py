"""The settings of a run: what `train` is asked for, and what a run store says it was."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.models.rtcan import ModelSpec
from rtcan_cli.training.recipes import RECIPES, Recipe


@dataclass(frozen=True)
class RunSettings:
    """Everything that shapes a run, beside the stores it is made from.

    Parameters
    ----------
    spec : ModelSpec
        The network. Its ``n_music`` is that of the music store (0 for EDA alone).
    recipe : Recipe
        How it is trained.
    fusion : str
        ``none`` or ``music``.
    targets : tuple of str
        ``valence``, ``arousal`` or both.
    onset : float
        Seconds dropped at the start of each recording.
    n_folds : int
        Folds of the cross-validation.
    seed : int
        Seed of folds, initialisation and shuffling.
    test_subject : str, optional
        Train only the fold that tests this subject.
    """

    spec: ModelSpec
    recipe: Recipe
    fusion: str
    targets: tuple[str, ...]
    onset: float
    n_folds: int
    seed: int
    test_subject: str | None = None

    def parameters(self) -> dict[str, Any]:
        """The settings as the provenance of the run store keeps them (JSON types)."""
        return {
            "variant": self.spec.variant,
            "channels": list(self.spec.channels),
            "depth": self.spec.depth,
            "length": self.spec.length,
            "recipe": asdict(self.recipe),
            "fusion": self.fusion,
            "targets": list(self.targets),
            "onset": self.onset,
            "folds": self.n_folds,
            "seed": self.seed,
            "test_subject": self.test_subject,
        }

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> RunSettings:
        """Read back what :meth:`parameters` gave."""
        return cls(
            spec=ModelSpec(
                parameters["variant"],
                tuple(parameters["channels"]),
                parameters["depth"],
                0,
                parameters["length"],
            ),
            recipe=Recipe(**parameters["recipe"]),
            fusion=parameters["fusion"],
            targets=tuple(parameters["targets"]),
            onset=parameters["onset"],
            n_folds=parameters["folds"],
            seed=parameters["seed"],
            test_subject=parameters["test_subject"],
        )

    def options(self, dataset: str, **changed: str) -> str:
        """The `train` options that ask for these settings, as a user types them.

        Parameters
        ----------
        dataset : str
            Name of the dataset.
        changed : str
            Options to take instead of the settings' own, such as ``variant="Rb"``.
        """
        spec, recipe, usual = self.spec, self.recipe, RECIPES[self.recipe.name]
        wanted = {
            "dataset": dataset,
            "variant": spec.variant,
            "fusion": self.fusion,
            "target": "both" if len(self.targets) > 1 else self.targets[0],
            "recipe": recipe.name,
            "folds": self.n_folds,
            "length": spec.length,
            "onset": self.onset,
            "depth": spec.depth,
            "channels": ",".join(map(str, spec.channels)),
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "lr": recipe.lr,
            "seed": self.seed,
            "test_subject": self.test_subject,
        }
        defaults = {
            "variant": profile(dataset).variant,
            "fusion": "none",
            "target": "both",
            "recipe": "paper",
            "folds": choices.FOLDS,
            "length": choices.LENGTH,
            "onset": profile(dataset).onset,
            "depth": choices.DEPTH,
            "channels": ",".join(map(str, choices.CHANNELS)),
            "epochs": usual.epochs,
            "batch_size": usual.batch_size,
            "lr": usual.lr,
            "seed": choices.SEED,
            "test_subject": None,
        }
        return " ".join(
            f"--{name.replace('_', '-')} {value}"
            for name, value in (wanted | changed).items()
            if value != defaults.get(name)
        )

    def name(self) -> str:
        """A name for the run: readable, and different for different settings."""
        text = json.dumps(self.parameters(), sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=3).hexdigest()
        target = "both" if len(self.targets) > 1 else self.targets[0]
        signals = "eda+music" if self.fusion == "music" else "eda"
        return f"{self.spec.variant}-{signals}-{target}-{digest}"
