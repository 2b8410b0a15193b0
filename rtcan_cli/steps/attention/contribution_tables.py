"""Contributions to single answers -> averages with intervals, and whether each part is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from rtcan_cli.choices import CLASS_NAMES, Scale
from rtcan_cli.evaluation.bootstrap import difference_intervals, ratio_intervals
from rtcan_cli.results.attention.contributions import (
    AVERAGE_COLUMNS,
    CHECK_COLUMNS,
    MUSIC_COLUMNS,
    PART_COLUMNS,
)
from rtcan_cli.results.base import Note, empty
from rtcan_cli.steps.attention.checks import follows_weights
from rtcan_cli.steps.attention.skill import not_above_chance
from rtcan_cli.steps.attention.trials import TOLERANCE
from rtcan_cli.trial_key import TRIAL_KEY

PARTS = ("EDA", "music")
#: A part does little if its share of the contributions is below this, or its mean size below that.
SMALL_SHARE = 0.1
SMALL_SIZE: Mapping[Scale, float] = {"probability": 0.01, "logit": 0.04}
_WORDS = {
    "helps": "helps",
    "hardly_used": "is hardly used, though what is used of it helps",
    "ignored": "is ignored",
    "not_shown": "moves the answers, but is not shown to help",
    "harms": "makes the answers worse",
}
#: Samples of subjects for the intervals of scores, which take long.
_RESAMPLES = 1000

Values = NDArray[np.float64]


def _answers(table: pd.DataFrame, scale: Scale) -> Values:
    """P(high) that contributions and baseline sum to."""
    total: Values = table[["baseline", "eda", "music"]].sum(axis=1).to_numpy(float)
    return expit(total) if scale == "logit" else total


def doubts(target: str, table: pd.DataFrame, scale: Scale) -> list[Note]:
    """What makes contributions doubtful: other answers than the stored ones, or chance."""
    notes = []
    apart = np.abs(_answers(table, scale) - table["probability"])
    if apart.max() > TOLERANCE:
        text = (
            f"{(apart > TOLERANCE).sum()} of {len(table)} answers are not those that the run "
            f"stored, and differ by up to {apart.max():.3f}"
        )
        notes.append(Note("other_answers", f"{target}: {text}"))
    if found := not_above_chance(_scored(table, table["probability"])):
        text = f"{found}: contributions say what moved the answers, not what is true of people"
        notes.append(Note("chance", f"{target}: {text}"))
    return notes


def _scored(table: pd.DataFrame, probability: Values | pd.Series) -> pd.DataFrame:
    label = (table["true_class"] == CLASS_NAMES[1]).astype(int)
    return table[[*TRIAL_KEY, "fold"]].assign(label=label, probability=probability)


def parts_table(
    target: str, table: pd.DataFrame, exchanged: Mapping[str, Values], scale: Scale
) -> pd.DataFrame:
    """How much each part decides, and whether the answers are better for it.

    Parameters
    ----------
    target : str
    table : DataFrame
        Contributions to n answers, with the columns `TRIAL_COLUMNS`.
    exchanged : mapping of str to array (n_exchanges, n)
        By part, P(high) with that part of other trials; NaN where there is no other.
    scale : {"probability", "logit"}

    Returns
    -------
    DataFrame
        With the columns `PART_COLUMNS`.
    """
    size = np.abs(table[["eda", "music"]].to_numpy(float))
    subject = table["subject"].to_numpy(str)
    ones = np.ones(len(table))
    rows = []
    for k, part in enumerate(PARTS):
        changed = _changed(table, ("without_eda", "without_music")[k], scale)
        estimates = ratio_intervals(
            {
                "size": (size[:, k], ones),
                "share": (size[:, k], size.sum(axis=1)),
                "changed": (changed, ones),
            },
            subject,
        )
        row: dict[str, Any] = {"target": target, "part": part, "n_trials": len(table)}
        row["n_subjects"] = len(np.unique(subject))
        for name, (estimate, low, high) in estimates.iterrows():
            row |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
        row |= _drop(table, exchanged[part])
        rows.append(row | {"verdict": _verdict(row, scale)})
    return pd.DataFrame(rows, columns=list(PART_COLUMNS))


def _changed(table: pd.DataFrame, without: str, scale: Scale) -> Values:
    """Whether trials are classified differently on average without a part."""
    called_high = table[without] > (0.5 if scale == "probability" else 0)
    changed: Values = (called_high != (table["called_class"] == CLASS_NAMES[1])).to_numpy(float)
    return changed


def _drop(table: pd.DataFrame, exchanged: Values) -> dict[str, Any]:
    """What the score loses if a part is exchanged; exchanged is (n_exchanges, n)."""
    row: dict[str, Any] = {"score": "auc"}
    row |= dict.fromkeys(("whole", "exchanged", "drop", "drop_low", "drop_high"), np.nan)
    if np.isnan(exchanged).all():
        return row
    others = [_scored(table, each) for each in exchanged]
    scores = difference_intervals(
        [_scored(table, table["probability"])], others, n_resamples=_RESAMPLES
    )
    if np.isnan(scores.loc["auc", "difference"]):  # no fold with both classes
        row["score"] = "balanced_accuracy"
    one, other, difference, low, high, _ = scores.loc[row["score"]]
    row |= {"whole": one, "exchanged": other, "drop": difference}
    return row | {"drop_low": low, "drop_high": high}


def _verdict(row: Mapping[str, Any], scale: Scale) -> str:
    if not np.isfinite([row["size_high"], row["drop_low"]]).all():
        return "unknown"
    small = row["share_high"] < SMALL_SHARE or row["size_high"] < SMALL_SIZE[scale]
    if row["drop_low"] > 0:  # an AUC follows the order of answers, however little they are moved
        return "hardly_used" if small else "helps"
    if row["drop_high"] < 0:
        return "harms"
    return "ignored" if small else "not_shown"


def verdict_note(row: Mapping[str, Any], scale: Scale, within: bool = False) -> Note:
    """Say whether a part is used: a row of `parts_table` as a sentence.

    `within` tells that EDA was exchanged among the trials of one subject.
    """
    part, verdict = row["part"], row["verdict"]
    what = "P(high)" if scale == "probability" else "the logit"
    moves = (
        f"it moves {what} by {row['size']:.3f} on average ({row['size_low']:.3f} to "
        f"{row['size_high']:.3f})"
    )
    if np.isfinite(row["share"]):  # one of the two moves something
        moves += f", {100 * row['share']:.0f} % of what EDA and music move"
    score = "AUC" if row["score"] == "auc" else "balanced accuracy"
    subjects = "of other trials of the subject" if within else "of other subjects"
    whose = subjects if part == "EDA" else "of other songs"
    dropped = (
        f"{score} is {row['whole']:.3f}, and {row['exchanged']:.3f} with that {whose} in its place "
        f"(difference {row['drop']:+.3f}, {row['drop_low']:+.3f} to {row['drop_high']:+.3f})"
    )
    if verdict == "unknown":
        text = f"{part}: too few subjects or songs to say whether it is used"
    else:
        text = f"{part} {_WORDS[verdict]}: {moves}; {dropped}"
    return Note(f"{part.lower()}_{verdict}", f"{row['target']}: {text}")


def folds_note(averages: pd.DataFrame) -> list[Note]:
    """Say that some models use EDA and others hardly do, if so; of the averages of one target."""
    folds = averages[averages["group"] == "fold"].dropna(subset="eda_share")
    if not len(folds):
        return []
    least, most = (folds.loc[at()] for at in (folds["eda_share"].idxmin, folds["eda_share"].idxmax))
    if not least["eda_share"] < SMALL_SHARE <= most["eda_share"]:
        return []
    text = (
        f"models differ: the share of EDA is {100 * least['eda_share']:.0f} % in fold "
        f"{least['name']} and {100 * most['eda_share']:.0f} % in fold {most['name']}"
    )
    return [Note("folds_differ", f"{least['target']}: {text}")]


def averages_table(target: str, table: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Mean contributions of all trials, and by class, subject, song and fold."""
    low_first = {name: k for k, name in enumerate(CLASS_NAMES)}
    by = {
        "all": np.full(len(table), "all"),
        "true": table["true_class"],
        "called": table["called_class"],
        "subject": table["subject"],
        "song": table["song"],
        "fold": table["fold"],
    }
    rows = [
        {"target": target, "group": group, "name": str(name), **_average(part, scale)}
        for group, key in by.items()
        for name, part in sorted(table.groupby(key), key=lambda pair: low_first.get(pair[0], 0))
    ]
    return pd.DataFrame(rows, columns=list(AVERAGE_COLUMNS))


def _average(table: pd.DataFrame, scale: Scale) -> dict[str, Any]:
    eda, music = (table[name].to_numpy(float) for name in ("eda", "music"))
    ones, subject = np.ones(len(table)), table["subject"].to_numpy(str)
    both = np.abs(eda) + np.abs(music)
    with_interval = {"eda": (eda, ones), "music": (music, ones), "eda_share": (np.abs(eda), both)}
    row: dict[str, Any] = {"n_trials": len(table), "n_subjects": len(np.unique(subject))}
    for name, (estimate, low, high) in ratio_intervals(with_interval, subject).iterrows():
        row |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
    for part in ("eda", "music"):
        row[f"changed_without_{part}"] = _changed(table, f"without_{part}", scale).mean()
    return row | {"eda_size": np.abs(eda).mean(), "music_size": np.abs(music).mean()}


def music_table(
    target: str, table: pd.DataFrame, groups: Mapping[str, NDArray[np.intp]]
) -> pd.DataFrame:
    """How much each group of music features, with these columns, moves the answers."""
    size = {group: table[f"music_{group}"].abs().to_numpy(float) for group in groups}
    if not size:
        return empty(MUSIC_COLUMNS)
    subject, ones, total = table["subject"].to_numpy(str), np.ones(len(table)), sum(size.values())
    sizes = ratio_intervals({group: (each, ones) for group, each in size.items()}, subject)
    shares = ratio_intervals({group: (each, total) for group, each in size.items()}, subject)
    rows = [
        (target, group, len(groups[group]), *sizes.loc[group], *shares.loc[group])
        for group in groups
    ]
    return pd.DataFrame(rows, columns=list(MUSIC_COLUMNS))


def checks_table(target: str, similarity: Values) -> pd.DataFrame:
    """How like the contributions of randomised networks are; similarity is (n_networks, 2)."""
    rows = []
    for part, each in zip(PARTS, similarity.T, strict=True):
        known = each[np.isfinite(each)]
        mean, sd = (known.mean(), known.std(ddof=1)) if len(known) > 1 else (np.nan, np.nan)
        rows.append((target, part, mean, sd, len(known), follows_weights(mean)))
    return pd.DataFrame(rows, columns=list(CHECK_COLUMNS))
