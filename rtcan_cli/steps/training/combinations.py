"""Lists of options -> the settings of a run for each combination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import Profile
from rtcan_cli.eda.window import Window
from rtcan_cli.models.model import Model
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.training.recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What runs are wanted; lists are combined, each entry with each.

    Parameters
    ----------
    models : sequence of Model
        What to train.
    fusions : sequence of str, optional
        What each sees; for None the first that the model allows.
    layouts, variants, depths, channels : sequence
        Forms of RTCAN-1D; other models have none. For a variant of None the dataset's.
    recipes : sequence of Recipe
        How networks are trained; other models fit themselves.
    protocols, subjects, seeds : sequence
        What folds hold out, of which subjects, and what is drawn.
    length : int
        Samples of each EDA channel.
    onset : float, optional
        Seconds dropped at the start of a recording; the dataset's by default.
    n_folds : int
        Folds of the cross-validation.
    targets : tuple of str
        What is predicted.
    test_subject : str, optional
        Train only the folds that test this subject.
    thresholds : str
        Ratings that thresholds come from.
    windows : sequence of Window, optional
        What models of signals see of what follows the onset; None for all of it.
    """

    models: Sequence[Model]
    fusions: Sequence[choices.Fusion | None]
    layouts: Sequence[choices.Layout]
    variants: Sequence[str | None]
    depths: Sequence[int]
    channels: Sequence[tuple[int, ...]]
    recipes: Sequence[Recipe]
    protocols: Sequence[str]
    subjects: Sequence[str | None]
    seeds: Sequence[int]
    length: int
    onset: float | None
    n_folds: int
    targets: tuple[str, ...]
    test_subject: str | None
    thresholds: str = choices.THRESHOLDS
    windows: Sequence[Window | None] = (None,)

    def sees_signals(self) -> bool:
        """Whether one of the models sees signals of the EDA."""
        pairs = product(self.models, self.fusions)
        return any(model.sees(fusion or model.fusion[0]) == "signals" for model, fusion in pairs)


def combinations(wanted: Wanted, known: Profile) -> list[RunSettings]:
    """Settings of all runs, in the order of the lists: models first, seeds last."""
    forms = [
        ModelSpec(variant or known.variant, widths, depth, 0, wanted.length, layout)
        for layout, variant, depth, widths in product(
            wanted.layouts, wanted.variants, wanted.depths, wanted.channels
        )
    ]
    found = []
    for model in wanted.models:
        plain = [ModelSpec(model=model.name, length=wanted.length)]
        for fusion, spec, recipe, window, protocol, subjects, seed in product(
            wanted.fusions,
            forms if model.name == choices.MODEL else plain,
            wanted.recipes if model.is_network else [None],
            wanted.windows,
            wanted.protocols,
            wanted.subjects,
            wanted.seeds,
        ):
            used = fusion or model.fusion[0]
            seen = window if model.sees(used) == "signals" else None
            settings = RunSettings(
                spec=spec,
                recipe=recipe,
                fusion=used,
                targets=wanted.targets,
                onset=known.onset if wanted.onset is None else wanted.onset,
                n_folds=wanted.n_folds,
                seed=seed,
                test_subject=wanted.test_subject,
                protocol=protocol,
                subjects=subjects,
                thresholds=wanted.thresholds,
                window=seen,
            )
            found.append(settings)
    return list(dict.fromkeys(found))  # windows make no other runs of models without signals
