"""Two finished runs -> how far apart their scores are, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from rtcan_cli import choices, console
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.bootstrap import difference_intervals, paired_trials
from rtcan_cli.evaluation.statistics import (
    cohens_d,
    corrected_t,
    holm,
    rank_biserial,
    swap_test,
    wilcoxon,
)
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.runs import Run
from rtcan_cli.trial_key import TRIAL_KEY

#: What the titles of tables of differences hold.
LESS = "accuracy less that of"
#: With fewer folds Wilcoxon's p cannot reach 0.05.
ENOUGH_FOLDS = 6
#: Tests whose p values are adjusted, each for itself, over the comparisons of a target.
TESTS = ("p_swap", "p_folds", "p_wilcoxon")


def add_differences(
    report: Report, runs: Sequence[Run], against: Run | None = None
) -> pd.DataFrame:
    """Compare every run with one reference, and add what was found to a report.

    Parameters
    ----------
    report : Report
        Gets tables and notes.
    runs : sequence of Run
        Their folds were checked (`Run.scores`). Runs of different datasets are never compared, nor
        are simulated data with recorded ones.
    against : Run, optional
        The reference for all others, whatever their protocol. By default each protocol has its
        own: the first run that has the target.

    Returns
    -------
    DataFrame
        One row a comparison and score; see `compare_pair`. Empty if there is nothing to compare.
    """
    found = []
    for alike in _comparable(runs, across_protocols=against is not None):
        for target in dict.fromkeys(t for run in alike for t in run.settings.targets):
            able = [run for run in alike if target in run.settings.targets]
            reference = against or able[0]
            if reference not in able:
                continue
            parts = [_try_pair(run, reference, target) for run in able if run is not reference]
            rows = pd.DataFrame([row for part in parts for row in part])
            if len(rows):
                found.append(_adjusted(rows))
                report.tables += _tables(found[-1], reference, target)
    if not found:
        if against is not None:
            console.warn(f"no run could be compared with {against.name}")
        return pd.DataFrame()
    every = pd.concat(found, ignore_index=True)
    report.notes += _notes(every)
    return every


def _comparable(runs: Sequence[Run], across_protocols: bool) -> list[list[Run]]:
    """Runs of the same dataset, and of the same protocol unless it does not matter."""
    found: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        protocol = None if across_protocols else run.protocol.name
        key = run.provenance.dataset, run.simulated, protocol
        found.setdefault(key, []).append(run)
    return list(found.values())


def share_deal(one: Run, other: Run, target: str) -> bool:
    """Whether two runs use every trial that both have for the same, in each of their folds."""
    if one.protocol is not other.protocol or one.n_folds != other.n_folds:
        return False
    roles = [
        pd.DataFrame(
            run.splits(target).role, pd.MultiIndex.from_frame(run.trials(target)[list(TRIAL_KEY)])
        )
        for run in (one, other)
    ]
    first, second = roles[0].align(roles[1], join="inner", axis=0)
    return len(first) > 0 and first.equals(second)


def pairing_notes(runs: Sequence[Run]) -> list[str]:
    """Say whether runs of one dataset share their labels, and those of a protocol their folds.

    Warns where they do not.
    """
    notes = []
    for name in sorted({run.provenance.dataset for run in runs}):
        same = [run for run in runs if run.provenance.dataset == name]
        if len({run.provenance.inputs["labels"] for run in same}) > 1:
            console.warn(f"the {name} runs were trained on different labels")
        for protocol in sorted({run.protocol.name for run in same}):
            alike = [run for run in same if run.protocol.name == protocol]
            what = f"{name} runs" + (f" ({protocol})" if protocol != choices.PROTOCOL else "")
            if len(alike) > 1 and _share_folds(alike):
                notes.append(f"all {len(alike)} {what} test their common trials in the same folds")
            elif len(alike) > 1:
                console.warn(f"the {what} deal trials into different folds")
    return notes


def _share_folds(runs: list[Run]) -> bool:
    """Whether the trials that all runs have are tested by the same folds of each."""
    folds = [
        run.predictions.drop_duplicates(list(TRIAL_KEY)).set_index(list(TRIAL_KEY)) for run in runs
    ]
    joined = pd.concat([each["fold"] for each in folds], axis=1, join="inner")
    same = joined.eq(joined.iloc[:, 0], axis=0).to_numpy()
    return len(joined) > 0 and bool(same.all())


def compare_pair(run: Run, reference: Run, target: str) -> list[dict[str, object]]:
    """Compare two runs on the trials that both tested.

    Parameters
    ----------
    run, reference : Run
        Differences are the first less the second.
    target : str
        ``valence`` or ``arousal``.

    Returns
    -------
    list of dict
        One entry a score: ``dataset``, ``target``, ``run``, ``reference``, both protocols,
        ``n_trials``, ``score``, its value in both (``one``, ``other``), ``difference`` with its
        interval ``low`` to ``high`` over subjects. For accuracy also ``p_swap``, and, where both
        runs have the same folds, ``n_folds``, the mean ``fold_difference`` with ``fold_low``,
        ``fold_high`` and ``p_folds`` (corrected t), ``cohens_d``, ``p_wilcoxon`` and
        ``rank_biserial``. Scores are fractions of 1.

    Raises
    ------
    RtcanError
        If the runs tested no common trial, or label one differently.
    """
    trials = run.trials(target), reference.trials(target)
    seed = reference.settings.seed
    table = difference_intervals(*trials, seed=seed)
    same = {
        "dataset": run.dataset.title,
        "simulated": run.simulated,
        "target": target,
        "run": run.name,
        "reference": reference.name,
        "protocol": run.protocol.name,
        "reference_protocol": reference.protocol.name,
        "n_trials": len(paired_trials(*trials)[0]),
    }
    rows: list[dict[str, object]] = [
        {**same, "score": score, **values.to_dict()} for score, values in table.iterrows()
    ]
    for row in rows:
        if row["score"] == "accuracy":
            row["p_swap"] = swap_test(*trials, seed=seed)
            if share_deal(run, reference, target):
                row |= _over_folds(run, reference, target)
    return rows


def _over_folds(run: Run, reference: Run, target: str) -> dict[str, object]:
    """Test the accuracy of the folds that both have trained, on the trials that both tested."""
    accuracy = []
    for trials in paired_trials(run.trials(target), reference.trials(target)):
        right = (trials["probability"] > 0.5) == (trials["label"] == 1)
        accuracy.append(right.groupby(trials["fold"]).mean())
    one, other = accuracy
    sizes = reference.audit(target).set_index("fold").loc[one.index]
    found = corrected_t(one, other, sizes["train"], sizes["test"])
    return {
        "n_folds": found.n,
        "fold_difference": found.difference,
        "fold_low": found.low,
        "fold_high": found.high,
        "p_folds": found.p_value,
        "cohens_d": cohens_d(one, other),
        "p_wilcoxon": wilcoxon(one, other),
        "rank_biserial": rank_biserial(one, other),
    }


def _try_pair(run: Run, reference: Run, target: str) -> list[dict[str, object]]:
    """Compare, or say why not; say too what the runs were trained on, if it differs."""
    try:
        found = compare_pair(run, reference, target)
    except RtcanError as error:
        console.warn(f"{target}: {run.name} is not compared with {reference.name}: {error}")
        return []
    one, other = run.provenance.inputs, reference.provenance.inputs
    kinds = [k for k in ("components", "music") if k in one and k in other and one[k] != other[k]]
    if kinds:
        console.warn(
            f"{target}: {run.name} and {reference.name} were trained on different "
            f"{' and '.join(kinds)}: their difference is also one of the data"
        )
    return found


def _adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the p values that hold for all comparisons of a target together."""
    rows = rows.reindex(columns=[*rows.columns, *(test for test in TESTS if test not in rows)])
    return rows.assign(**{f"{test}_holm": holm(rows[test].astype(float)) for test in TESTS})


def _tables(rows: pd.DataFrame, reference: Run, target: str) -> list[Table]:
    rows = rows[rows["score"] == "accuracy"]
    mark = " (simulated)" if reference.simulated else ""
    about = f"{reference.dataset.title}{mark}, {target}: {LESS} {reference.name}"
    over_subjects: list[list[object]] = [
        [row.run, row.n_trials, *_points(row.difference, row.low, row.high), row.p_swap_holm]
        for row in rows.itertuples()
    ]
    columns = ["run", "common trials", "points", "95 % from", "to", "p"]
    tables = [Table(f"{about}, over subjects", columns, over_subjects)]
    folded = rows[rows["p_folds"].notna()]
    if len(folded):
        over_folds: list[list[object]] = [
            [
                row.run,
                int(row.n_folds),
                *_points(row.fold_difference, row.fold_low, row.fold_high),
                *(row.p_folds_holm, row.cohens_d, row.p_wilcoxon_holm, row.rank_biserial),
            ]
            for row in folded.itertuples()
        ]
        columns = ["run", "folds", "points", "95 % from", "to", "p", "d", "p (W)", "r (W)"]
        tables.append(Table(f"{about}, over folds", columns, over_folds))
    return tables


def _points(*fractions: float) -> list[float]:
    return [100 * x for x in fractions]


def _notes(rows: pd.DataFrame) -> list[str]:
    rows = rows[rows["score"] == "accuracy"]
    most = int(rows.groupby(["dataset", "simulated", "target", "reference"]).size().max())
    notes = [
        "over subjects: what these networks would do with other subjects (bootstrap; p: swap test)"
    ]
    if rows["p_folds"].notna().any():
        fewest = int(rows["n_folds"].min())
        # The two most extreme of 2^n ways to sign n differences.
        least = (
            f"finds too much, and yet cannot be below {2 ** (1 - fewest):.3g} with {fewest} folds"
            if fewest < ENOUGH_FOLDS
            else "finds too much"
        )
        notes.append(
            "over folds: what networks trained on other subjects would do (p: t-test corrected for "
            "shared training trials; d: Cohen's); (W): Wilcoxon's test and rank-biserial "
            f"correlation, not corrected for shared training trials, so it {least}"
        )
    if most > 1:
        notes.append(
            "p values, but not intervals, are adjusted for the comparisons of a table (Holm)"
        )
    across = rows[rows["protocol"] != rows["reference_protocol"]]
    for (reference, protocol), part in across.groupby(["reference", "reference_protocol"]):
        others = ", ".join(
            f"{name} ({p})"
            for name, p in dict.fromkeys(zip(part["run"], part["protocol"], strict=True))
        )
        notes.append(
            f"not held out as in {reference} ({protocol}): {others}; these differences are also "
            "ones of the question, not of the networks alone"
        )
    return notes
