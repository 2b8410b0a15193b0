"""Which runs stand in which row of the paper's Tables 3 to 6, and what trains those that do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import get_args

import pandas as pd

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.steps.run_settings import RunSettings
from rtcan_cli.steps.runs import Run
from rtcan_cli.training.recipes import RECIPES


def is_eligible(run: Run) -> bool:
    """Whether a run was evaluated as the paper does: all folds, and no subject on both sides."""
    return (
        not run.is_imported
        and run.is_complete
        and run.settings.protocol == choices.PROTOCOL
        and run.settings.test_subject is None
        and run.settings.spec.layout == choices.LAYOUT
    )


def has_paper_network(run: Run) -> bool:
    """Whether a run's network is RTCAN-1D with the depth and widths that the paper chose."""
    spec = run.settings.spec
    return (
        run.model_name == choices.MODEL
        and spec.layout == choices.LAYOUT
        and spec.depth == choices.DEPTH
        and spec.channels == choices.CHANNELS
    )


def fits(run: Run, row: pd.Series) -> bool:
    """Whether an eligible run is what a row of `published.conditions` is about.

    A row of a baseline may name its ``fusion``; by default it is the model's own.
    """
    spec = run.settings.spec
    same = (
        run.provenance.dataset == row["dataset"]
        and run.model_name == row["model"]
        and row["target"] in run.settings.targets
        and _has_share(run, row)
    )
    if not same:
        return False
    if run.model_name != choices.MODEL:
        # What a baseline of the paper sees, its name says; other rows say it.
        other = row.get("fusion")
        return run.settings.fusion == (
            other if isinstance(other, str) else run.settings.model.fusion[0]
        )
    return (
        run.settings.fusion == ("music" if row["fused"] else "none")
        and spec.variant == row["variant"]
        and spec.depth == row["depth"]
        and "-".join(map(str, spec.channels)) == row["channels"]
    )


def _has_share(run: Run, row: pd.Series) -> bool:
    """Whether a run has the percentage of the subjects, or the number that the paper prints."""
    share = run.settings.subjects
    if share is None or share.endswith("%"):
        return float(share[:-1] if share else 100) == row["percent"]
    return float(share) == row["n_subjects"]


def training_lines(missing: pd.DataFrame, runs: Sequence[Run]) -> Iterator[str]:
    """Yield the lines that train what rows lack, as a user types them.

    Rows of models that rtcan does not have are left out.

    Parameters
    ----------
    missing : DataFrame
        Rows of `published.conditions`.
    runs : sequence of Run
        Runs of the same table or workspace, newest first: the lines ask for the settings of the
        first of the same dataset, so that rows can be compared.
    """
    for (dataset, model, fused), rows in missing.groupby(["dataset", "model", "fused"], sort=False):
        like = next((run.settings for run in runs if run.provenance.dataset == dataset), None)
        settings = _as_in_the_paper(dataset, like)
        shares = ",".join(f"{percent:g}%" for percent in rows["percent"].unique())
        changed = {"subjects": shares} if shares != "100%" else {}
        if model == choices.MODEL:
            settings = replace(settings, fusion="music" if fused else "none")
            variants, depths, widths = (
                rows[name].astype(str).unique() for name in ("variant", "depth", "channels")
            )
            if list(variants) != [settings.spec.variant]:
                changed["variant"] = ",".join(variants)
            if list(depths) != [str(settings.spec.depth)]:
                changed["depth"] = ",".join(depths)
            changed["channels"] = " --channels ".join(each.replace("-", ",") for each in widths)
            yield f"rtcan train {settings.options(dataset, **changed)}"
        elif model in get_args(choices.Model):
            found = find(model)
            settings = replace(
                settings,
                spec=ModelSpec(model=model, length=settings.spec.length),
                recipe=settings.recipe if found.network is not None else None,
                fusion=found.fusion[0],
            )
            yield f"rtcan train {settings.options(dataset, **changed)}"


def line_like(runs: Sequence[Run], dataset: str, **changed: str) -> str:
    """The line that trains the paper's network as the runs of a dataset were trained.

    Parameters
    ----------
    runs : sequence of Run
        The first of the dataset counts.
    dataset : str
        Name of the dataset.
    changed : str
        Options to take instead, see `RunSettings.options`.
    """
    like = next((run.settings for run in runs if run.provenance.dataset == dataset), None)
    return f"rtcan train {_as_in_the_paper(dataset, like).options(dataset, **changed)}"


def _as_in_the_paper(dataset: str, like: RunSettings | None) -> RunSettings:
    """The chosen network of a dataset on all subjects, trained as another run was."""
    known = profile(dataset)
    if like is None:
        like = RunSettings(
            spec=ModelSpec(known.variant),
            recipe=RECIPES["paper"],
            fusion="none",
            targets=TARGETS,
            onset=known.onset,
            n_folds=choices.FOLDS,
            seed=choices.SEED,
        )
    return replace(
        like,
        spec=ModelSpec(known.variant, choices.CHANNELS, choices.DEPTH, 0, like.spec.length),
        fusion="none",
        targets=TARGETS,
        test_subject=None,
        protocol=choices.PROTOCOL,
        subjects=None,
        splits_from=None,
    )
