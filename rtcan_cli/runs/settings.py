"""The settings of a run: what `train` is asked for, and what a run store says it was."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rtcan_cli import choices
from rtcan_cli.command_line import CommandLine, command_line, usual_workspace
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.window import Window
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.stores import Store
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.recipes import RECIPES, Recipe

#: Settings that come with the folds of another run.
BORROWED = ("protocol", "folds", "subjects")
_USUAL = {
    "model": choices.MODEL,
    "layout": choices.LAYOUT,
    "protocol": choices.PROTOCOL,
    "subjects": None,
    "splits_from": None,
}
# What does not become part of a name, and the longest part of it that comes from free text.
_UNNAMED = re.compile(r"[^A-Za-z0-9.]+")
_LONGEST = 24
#: Entries of a recipe that the provenance leaves out where they change nothing, so that runs keep
#: the names, and are found current, that they had before these entries existed.
_OFF: dict[str, object] = {
    "class_weights": "none",
    "clip_norm": None,
    "patience": None,
    "precision": "fp32",
}


#: What the provenance holds of a model's file: it shapes a run, but nobody chooses it.
_OF_MODEL = ("grid", "features", "network")
#: Options of `train` as a user would type them.
_ORDER = (
    *("dataset", "model", "variant", "fusion", "target", "recipe", "folds", "length", "onset"),
    *("window", "depth", "layout", "channels", "epochs", "batch_size", "lr", *_OFF),
    *("seed", "test_subject", "protocol", "thresholds", "subjects", "splits_from"),
)


@dataclass(frozen=True)
class SplitsFrom:
    """The run that folds are taken from.

    Parameters
    ----------
    run : str
        Its name.
    content_id : str
        Content id of its store.
    """

    run: str
    content_id: str


@dataclass(frozen=True)
class RunSettings:
    """Everything that shapes a run, beside the stores it is made from.

    Parameters
    ----------
    spec : ModelSpec
        The model. Sizes of its inputs are those of the stores.
    recipe : Recipe, optional
        How it is trained, if it is a network; None for a model that fits itself.
    fusion : str
        ``none``, ``music`` or ``music-only``.
    targets : tuple of str
        ``valence``, ``arousal`` or both.
    onset : float
        Seconds dropped at the start of each recording.
    n_folds : int
        Folds of the cross-validation, as the protocol deals them.
    seed : int
        Seed of folds, initialisation and shuffling; with ``splits_from`` not of the folds.
    test_subject : str, optional
        Train only the folds that test this subject.
    protocol : str
        What a fold holds out, a name of `rtcan_cli.training.folds.protocols.PROTOCOLS`; anything
        else if the network comes from elsewhere.
    subjects : str, optional
        Share (``40%``) or number of the subjects to use, drawn before folds are dealt; all by
        default.
    splits_from : SplitsFrom, optional
        The run whose folds are used; protocol, number of folds and subjects are then its.
    thresholds : str
        Ratings that the thresholds between low and high come from: ``all`` of a subject, or those
        of the ``training`` trials of each fold (`rtcan_cli.runs.fold_labels`).
    window : Window, optional
        The part of each recording that a model of signals sees of what follows the onset; all of
        it by default.
    """

    spec: ModelSpec
    recipe: Recipe | None
    fusion: str
    targets: tuple[str, ...]
    onset: float
    n_folds: int
    seed: int
    test_subject: str | None = None
    protocol: str = choices.PROTOCOL
    subjects: str | None = None
    splits_from: SplitsFrom | None = None
    thresholds: str = choices.THRESHOLDS
    window: Window | None = None

    @property
    def model(self) -> Model:
        """The model."""
        return find(self.spec.model)

    @property
    def network(self) -> str:
        """The model and its inputs, for tables."""
        spec = self.spec
        name = spec.variant if spec.model == choices.MODEL else spec.model
        if spec.layout != choices.LAYOUT:
            name += f" ({spec.layout} layout)"
        part = f", {self.window}" if self.window is not None else ""
        return f"{name}, {self.model.inputs(self.fusion)}{part}"

    @property
    def training(self) -> str:
        """How it is trained, for tables: the name of the recipe."""
        return self.recipe.name if self.recipe is not None else "its own"

    @property
    def epochs(self) -> int:
        """Epochs that training takes at most."""
        return self.recipe.epochs if self.recipe is not None else 1

    def parameters(self) -> dict[str, Any]:
        """The settings as the provenance of the run store keeps them (JSON types)."""
        spec = self.spec
        found: dict[str, Any] = {"model": spec.model}
        if spec.model == choices.MODEL:
            found |= {
                "variant": spec.variant,
                "channels": list(spec.channels),
                "depth": spec.depth,
                "layout": spec.layout,
                "network": choices.NETWORK,
            }
        if len(self.model.grid) > 1:
            found["grid"] = [dict(candidate) for candidate in self.model.grid]
        if self.model.features and self.model.sees(self.fusion) == "features":
            found["features"] = list(self.model.features)
        if self.model.sees(self.fusion) == "signals":
            found |= {"length": spec.length, "onset": self.onset}
            if self.window is not None:
                found["window"] = str(self.window)
        if self.recipe is not None:
            found["recipe"] = {
                name: value
                for name, value in asdict(self.recipe).items()
                if name not in _OFF or value != _OFF[name]
            }
        if self.thresholds != choices.THRESHOLDS:
            # Left out where it is as usual: runs keep the names that they had before it existed.
            found["thresholds"] = self.thresholds
        return found | {
            "fusion": self.fusion,
            "targets": list(self.targets),
            "folds": self.n_folds,
            "seed": self.seed,
            "test_subject": self.test_subject,
            "protocol": self.protocol,
            "subjects": self.subjects,
            "splits_from": asdict(self.splits_from) if self.splits_from else None,
        }

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> RunSettings:
        """Read back what :meth:`parameters` gave."""
        return cls(
            spec=ModelSpec(
                parameters.get("variant", ""),
                tuple(parameters.get("channels", choices.CHANNELS)),
                parameters.get("depth", choices.DEPTH),
                0,
                parameters.get("length", choices.LENGTH),
                parameters.get("layout", choices.LAYOUT),
                parameters["model"],
            ),
            recipe=Recipe(**parameters["recipe"]) if "recipe" in parameters else None,
            fusion=parameters["fusion"],
            targets=tuple(parameters["targets"]),
            onset=parameters.get("onset", 0.0),
            n_folds=parameters["folds"],
            seed=parameters["seed"],
            test_subject=parameters["test_subject"],
            protocol=parameters["protocol"],
            subjects=parameters["subjects"],
            splits_from=SplitsFrom(**parameters["splits_from"])
            if parameters["splits_from"]
            else None,
            thresholds=parameters.get("thresholds", choices.THRESHOLDS),
            window=Window.parse(parameters["window"]) if "window" in parameters else None,
        )

    def line(self, dataset: str, workspace: Path | None = None, **changed: object) -> CommandLine:
        """The line that trains with these settings, as a user types it.

        The run whose folds are used is the word ``RUN`` if it is not in the workspace any more, or
        never was: only the user knows where it is.

        Parameters
        ----------
        dataset : str
            Name of the dataset.
        workspace : Path, optional
            Folder of the stores.
        changed : object
            Options to take instead of the settings' own, such as ``variant="Rb"``, and further
            ones of `train`; see `command_line`.
        """
        options = self.options(dataset, workspace, **changed)
        return command_line("train", workspace=workspace, **options)

    def options(
        self, dataset: str, workspace: Path | None = None, **changed: object
    ) -> dict[str, object]:
        """The options of `line`, by their names with ``_`` for ``-``; parameters as there."""
        options = self._options(dataset, changed)
        if "splits_from" in options and not self._finds_lender(dataset, workspace):
            options["splits_from"] = "RUN"
        return options

    def _finds_lender(self, dataset: str, workspace: Path | None) -> bool:
        """Whether the run whose folds are used is in the workspace, under the name it had."""
        assert self.splits_from is not None, "only these settings have a run to find"
        runs = (usual_workspace() if workspace is None else workspace) / dataset / "runs"
        try:
            with Store(runs / f"{self.splits_from.run}.h5", "run") as store:
                return store.content_id == self.splits_from.content_id
        except RtcanError:
            return False

    def _options(self, dataset: str, changed: dict[str, object]) -> dict[str, object]:
        """The options of `train` that ask for these settings, where they are not the usual ones."""
        spec = self.spec
        wanted: dict[str, Any] = {
            "dataset": dataset,
            "model": spec.model,
            "fusion": self.fusion,
            "target": "both" if len(self.targets) > 1 else self.targets[0],
            "folds": self.n_folds,
            "seed": self.seed,
            "test_subject": self.test_subject,
            "protocol": self.protocol,
            "subjects": self.subjects,
            "thresholds": self.thresholds,
        }
        always: tuple[str, ...] = ()
        if self.splits_from is not None:
            for name in BORROWED:
                del wanted[name]
            wanted["splits_from"] = self.splits_from.run
            # Without them they are those of the other run, which these settings do not know.
            always = ("seed",)
            if self.protocol in PROTOCOLS and "subject" not in PROTOCOLS[self.protocol].disjoint:
                always += ("thresholds",)  # elsewhere there is only one choice
        defaults: dict[str, Any] = {
            "model": choices.MODEL,
            "fusion": self.model.fusion[0],
            "target": "both",
            "folds": choices.FOLDS,
            "seed": choices.SEED,
            "test_subject": None,
            "protocol": choices.PROTOCOL,
            "subjects": None,
            "thresholds": choices.THRESHOLDS,
        }
        if spec.model == choices.MODEL:
            wanted |= {
                "variant": spec.variant,
                "depth": spec.depth,
                "layout": spec.layout,
                "channels": ",".join(map(str, spec.channels)),
            }
            defaults |= {
                "variant": profile(dataset).variant,
                "depth": choices.DEPTH,
                "layout": choices.LAYOUT,
                "channels": ",".join(map(str, choices.CHANNELS)),
            }
        if self.model.sees(self.fusion) == "signals":
            wanted |= {"length": spec.length, "onset": self.onset, "window": self.window}
            defaults |= {"length": choices.LENGTH, "onset": profile(dataset).onset, "window": None}
        if self.recipe is not None:
            entries = ("epochs", "batch_size", "lr", *_OFF)
            usual = RECIPES[self.recipe.name]
            wanted |= {"recipe": self.recipe.name}
            wanted |= {name: getattr(self.recipe, name) for name in entries}
            defaults |= {"recipe": "paper"} | {name: getattr(usual, name) for name in entries}
        wanted |= changed
        for name in always:
            defaults.pop(name)
        order = [name for name in _ORDER if name in wanted]
        order += [name for name in changed if name not in order]
        # As they are typed: a number may be given as text.
        return {
            name: str(wanted[name]) if name == "window" else wanted[name]
            for name in order
            if str(wanted[name]) != str(defaults.get(name))
        }

    def name(self, music: str = "") -> str:
        """A name for the run: readable, and different for different settings.

        Parameters
        ----------
        music : str, optional
            What songs are described by, see `rtcan_cli.stores.music_set`. Empty, and the set of the
            paper, are not named.
        """
        # Where a setting is left as usual, the name is the one that runs had before it existed.
        settings = {
            name: value
            for name, value in self.parameters().items()
            if (name not in _USUAL or value != _USUAL[name]) and name not in _OF_MODEL
        }
        if other := music if music != choices.FEATURE_SET else "":
            settings["music"] = other
        text = json.dumps(settings, sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=3).hexdigest()
        words: list[str] = [self.spec.layout] if self.spec.layout != choices.LAYOUT else []
        words.append(self.spec.variant or self.spec.model)
        if len(self.model.fusion) > 1:
            words.append({"none": "eda", "music": "eda+music", "music-only": "music"}[self.fusion])
        words.append("both" if len(self.targets) > 1 else self.targets[0])
        if word := _UNNAMED.sub("-", other)[:_LONGEST].strip("-."):
            words.append(word)
        if self.window is not None:
            words.append(str(self.window).replace(":", "-" if self.window.place == "from" else ""))
        if self.protocol != choices.PROTOCOL:
            words.append(self.protocol)
        if self.thresholds != choices.THRESHOLDS:
            words.append(f"{self.thresholds}-thresholds")
        if self.subjects is not None:
            words.append(self.subjects.replace("%", "pct"))
        if self.recipe is not None:
            words += _special(self.recipe)
        return "-".join([*words, digest])


def _special(recipe: Recipe) -> list[str]:
    """Words of a run's name for what its training does beyond the usual."""
    words = []
    if recipe.class_weights != "none":
        words.append(recipe.class_weights)
    if recipe.clip_norm is not None:
        words.append(f"clip{recipe.clip_norm:g}")
    if recipe.patience is not None:
        words.append(f"patience{recipe.patience}")
    if recipe.precision != "fp32":
        words.append(recipe.precision)
    return words
