"""How good the recordings of a store are, worst first."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.datasets.polarity import stored_kind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.quality import Rules, severity, worst_first
from rtcan_cli.eda.stretches import find_stuck
from rtcan_cli.files.links import folder_below
from rtcan_cli.plots.quality_page import MOST_TRACES, Trace, quality_page
from rtcan_cli.plots.save import save
from rtcan_cli.report import Report, Table
from rtcan_cli.stores import Store
from rtcan_cli.trial_key import hearing

_MEASURES = {
    "duration": "seconds",
    "missing": "missing [%]",
    "longest_gap": "longest gap [s]",
    "flat": "flat [%]",
    "clipped": "clipped [%]",
    "lowest": "lowest",
    "highest": "highest",
    "jitter": "jitter [%]",
    "repaired": "repaired [%]",
}
_LIMIT = re.compile(r" \([^)]*\)")  # the rules stand above the table
_SHARES = ("missing", "flat", "clipped", "jitter", "repaired")


def describe_quality(path: Path, rows: int) -> Report:
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
        recordings, quality = store.table("recordings"), store.table("quality")
        made = store.provenance
    rules = _rules(made.parameters)
    order = _worst_first(recordings, quality, rules)
    shown = quality.copy()
    shown[list(_SHARES)] *= 100
    report = Report("info")
    report.facts = {
        "store": path,
        "dataset": profile(made.dataset).title + (" (simulated)" if made.simulated else ""),
        "EDA unit": stored_kind(made.parameters).unit,
        "EDA polarity": stored_kind(made.parameters).polarity,
        "recordings": len(recordings),
        "left out": int((recordings["problem"] != "").sum()),
        "with repaired gaps": int((quality["repaired"] > 0).sum()),
        "rules": " ".join(
            f"--{field.name.replace('_', '-')} {getattr(rules, field.name):g}"
            for field in fields(rules)
        ),
    }
    spread = [
        [title, *(float(q) for q in np.nanquantile(shown[name], (0, 0.05, 0.5, 0.95, 1)))]
        for name, title in _MEASURES.items()
        if shown[name].notna().any()
    ]
    names = ["subject", "stimulus"]
    if (recordings["repetition"] > 1).any():
        names.append("repetition")
    if (recordings["target"] != "both").any():
        names.append("target")
    listed = [
        name
        for name in _MEASURES
        if name not in ("lowest", "highest") and shown[name].notna().any()
    ]
    worst: list[list[Any]] = []
    for row in order[:rows]:
        fault = _LIMIT.sub("", recordings["problem"].iloc[row])
        key = [recordings[name].iloc[row] for name in names]
        worst.append([*key, *shown[listed].iloc[row], fault or "used"])
    report.tables = [
        Table("All recordings", ["measure", "least", "5 %", "median", "95 %", "most"], spread),
        Table(
            f"The worst {len(worst)} of {len(recordings)}",
            [*names, *(_MEASURES[name] for name in listed), "left out because"],
            worst,
        ),
    ]
    if not report.facts["left out"] and (severity(quality, rules) == 0).all():
        report.notes.append("no recording has a fault: the order above is that of the store")
    return report


def plot_quality(path: Path, folder: Path) -> list[Path]:
    """Draw a page of the worst recordings of a store."""
    with Store(path, "recordings") as store:
        recordings, quality = store.table("recordings"), store.table("quality")
        made = store.provenance
        order = _worst_first(recordings, quality, _rules(made.parameters))
        traces = []
        for row in order[:MOST_TRACES]:
            key = recordings.iloc[row]
            which = hearing(key["repetition"])
            which += "" if key["target"] == "both" else f", {key['target']}"
            rate = float(key["sampling_rate"])
            eda = store.signal("eda", int(row))
            repaired = store.signal("repaired", int(row)).astype(bool)
            stuck = find_stuck(eda, rate, repaired)
            traces.append(
                Trace(
                    f"{key['subject']}, {key['stimulus']}{which}",
                    key["problem"] or _remark(quality.iloc[row]),
                    eda,
                    repaired,
                    rate,
                    stuck.flat,
                    stuck.clipped,
                )
            )
    known = profile(made.dataset)
    figure = quality_page(
        traces,
        title=f"{known.title}, worst recordings first (subject, {known.stimulus_word})",
        unit=stored_kind(made.parameters).axis_unit,
        simulated=made.simulated,
    )
    return save(figure, folder_below(folder, made.dataset) / "quality")


def _remark(quality: pd.Series[float]) -> str:
    """The measures of a recording that is used but not faultless."""
    found = [f"{100 * quality[name]:.2g} % {name}" for name in ("repaired", "flat", "clipped")]
    return ", ".join(text for text in found if not text.startswith("0 %"))


def _rules(parameters: dict[str, Any]) -> Rules:
    """The rules that a recordings store was made with."""
    return Rules(**{field.name: parameters[field.name] for field in fields(Rules)})


def _worst_first(recordings: pd.DataFrame, quality: pd.DataFrame, rules: Rules) -> NDArray[np.intp]:
    return worst_first(quality, rules, (recordings["problem"] != "").to_numpy())
