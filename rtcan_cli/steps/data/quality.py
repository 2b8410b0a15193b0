"""How good the recordings of a store are, worst first."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.datasets.absolute import axis_unit, is_absolute
from rtcan_cli.datasets.polarity import stored_kind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.artefacts import KINDS
from rtcan_cli.eda.quality.rules import DETECTABLE, Rules
from rtcan_cli.eda.quality.verdict import severity, worst_first
from rtcan_cli.eda.stretches import find_stuck
from rtcan_cli.files.links import folder_below
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.results.base import Note
from rtcan_cli.results.data.ingest import LEFT_OUT_COLUMNS
from rtcan_cli.results.data.quality import MEASURES, SPREAD_COLUMNS, WORST_COLUMNS, Quality, Rule
from rtcan_cli.steps.reasons import Reasons
from rtcan_cli.stores import Store
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.stores.schema import IMPLAUSIBLE
from rtcan_cli.trial_key import hearing


def quality_of(path: Path, rows: int) -> Quality:
    """Signal quality of the recordings in a store: how each measure spreads, and the worst.

    Parameters
    ----------
    path : Path
        Recordings store.
    rows : int
        How many of the worst to list.

    Raises
    ------
    RtcanError
        If it is not a recordings store.
    """
    with Store(path, "recordings") as store:
        recordings, quality = store.table("recordings"), _measures(store)
        made = store.provenance
    rules, kind = Rules.of(made.parameters), stored_kind(made.parameters)
    n_left_out = int((recordings["problem"] != "").sum())
    notes = []
    if not n_left_out and (severity(quality, rules) == 0).all():
        text = "no recording has a fault: those that are nearest to their noise come first"
        notes.append(Note("no_faults", text))
    if quality["implausible"].isna().any():
        text = "it was made before implausible samples and noise were looked at: ingest it again"
        notes.append(Note("earlier_store", text, line_that_makes(path, "recordings")))
    used = recordings["problem"] == ""
    order = _worst_first(recordings, quality, rules)[:rows]
    worst = pd.concat([recordings, quality], axis=1).iloc[order].reset_index(drop=True)
    worst["problem"] = worst["problem"].astype(object).where(worst["problem"] != "", None)
    return Quality(
        store=str(path),
        dataset=made.dataset,
        simulated=made.simulated,
        eda_unit=kind.unit,
        eda_polarity=kind.polarity,
        n_recordings=len(recordings),
        n_left_out=n_left_out,
        n_repaired=int((quality["repaired"] > 0).sum()),
        n_implausible=int((quality["implausible"] > 0).sum()),
        n_below_noise=int((used & (quality["signal_to_noise"] < DETECTABLE)).sum()),
        artefacts_kept=bool(made.parameters.get("keep_artefacts", False)),
        rules=tuple(
            Rule(option=f"--{name.replace('_', '-')}", limit=getattr(rules, name))
            for name in _in_force(rules, is_absolute(kind, profile(made.dataset)))
            if name in made.parameters
        ),
        spread=_spread(quality),
        left_out=_left_out(recordings),
        told_apart_by=_told_apart_by(recordings),
        worst=worst[list(WORST_COLUMNS)],
        notes=tuple(notes),
    )


def _left_out(recordings: pd.DataFrame) -> pd.DataFrame:
    """Why recordings are left out, how many and of whom."""
    found = Reasons()
    for row in recordings[recordings["problem"] != ""].itertuples():
        found.add(row.problem, subject=row.subject, example=row.source)
    return pd.DataFrame(found.rows(), columns=list(LEFT_OUT_COLUMNS))


def _told_apart_by(recordings: pd.DataFrame) -> tuple[str, ...]:
    """What names a recording beside subject and stimulus, in the whole store.

    The few that are listed may all be first hearings, or all for one rating; they are no less
    those of one hearing for that.
    """
    several = {
        "repetition": (recordings["repetition"] > 1).any(),
        "target": (recordings["target"] != "both").any(),
    }
    return tuple(name for name, needed in several.items() if needed)


def _measures(store: Store) -> pd.DataFrame:
    """The table of quality; what a store of an earlier version did not measure is NaN."""
    return store.table("quality").reindex(columns=list(MEASURES))


def _in_force(rules: Rules, absolute: bool) -> list[str]:
    """Rules that decided something: not those for what was not looked at."""
    names = [each.name for each in fields(rules) if each.name != "keep_artefacts"]
    idle = set() if absolute else {"min_eda", "max_eda", "max_slope"}
    if rules.keep_artefacts:
        idle |= {"min_eda", "max_eda", "max_slope", "max_steps"}
    return [name for name in names if name not in idle]


def _spread(quality: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of each measure; NaN where none of the recordings has it."""
    found = quality[list(MEASURES)].quantile([0, 0.05, 0.5, 0.95, 1]).T.reset_index()
    return found.set_axis(list(SPREAD_COLUMNS), axis=1)


def plot_quality(path: Path, folder: Path, look: Look = PAPER) -> list[Path]:
    """Draw a page of the worst recordings of a store."""
    from rtcan_cli.plots.quality_page import Trace, quality_page, traces_on  # need Matplotlib
    from rtcan_cli.plots.save import save

    with Store(path, "recordings") as store:
        recordings, quality = store.table("recordings"), _measures(store)
        made = store.provenance
        order = _worst_first(recordings, quality, Rules.of(made.parameters))
        traces = []
        for row in order[: traces_on(look)]:
            key = recordings.iloc[row]
            which = hearing(key["repetition"])
            which += "" if key["target"] == "both" else f", {key['target']}"
            rate = float(key["sampling_rate"])
            eda = store.signal("eda", int(row))
            marks = store.signal("repaired", int(row))
            repaired = marks % IMPLAUSIBLE == 1
            stuck = find_stuck(eda, rate, repaired)
            traces.append(
                Trace(
                    f"{key['subject']}, {key['stimulus']}{which}",
                    key["problem"] or remark(quality.iloc[row]),
                    eda,
                    repaired,
                    rate,
                    stuck.flat,
                    stuck.clipped,
                    marks >= IMPLAUSIBLE,
                )
            )
    known = profile(made.dataset)
    figure = quality_page(
        traces,
        title=f"{known.title}, worst recordings first (subject, {known.stimulus_word})",
        unit=axis_unit(stored_kind(made.parameters).axis_unit, known),
        simulated=made.simulated,
        look=look,
    )
    return save(figure, folder_below(folder, made.dataset) / "quality", look)


def remark(quality: pd.Series[float]) -> str:
    """The measures of a recording that is used but not faultless."""
    names = ("repaired", *KINDS, "flat", "clipped")
    found = [
        f"{100 * quality[name]:.2g} % {name.replace('_', ' ')}"
        for name in names
        if quality[name] > 0
    ]
    if quality["signal_to_noise"] < DETECTABLE:
        found.append(f"{quality['signal_to_noise']:.2g} times its noise")
    return ", ".join(found)


def _worst_first(recordings: pd.DataFrame, quality: pd.DataFrame, rules: Rules) -> NDArray[np.intp]:
    return worst_first(quality, rules, (recordings["problem"] != "").to_numpy())
