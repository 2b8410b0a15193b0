"""Two finished runs -> how far apart their scores are, and whether that may be chance.

Runs that differ in their seed alone count as one, with the mean of their scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from rtcan_cli import choices, console
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.bootstrap import common_trials, difference_intervals
from rtcan_cli.evaluation.statistics import (
    cohens_d,
    corrected_t,
    holm,
    rank_biserial,
    seed_test,
    swap_test,
    wilcoxon,
)
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import Seeds, alike_but_seed, group_seeds
from rtcan_cli.trial_key import TRIAL_KEY

#: What the titles of tables of differences hold.
LESS = "accuracy less that of"
#: With fewer folds Wilcoxon's p cannot reach 0.05.
ENOUGH_FOLDS = 6
#: Tests whose p values are adjusted, each for itself, over the comparisons of a target.
TESTS = ("p_seeds", "p_folds", "p_wilcoxon", "p_swap")


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
        The reference for all others, whatever their protocol; with its other seeds, if there are
        any. By default each protocol has its own: the first run that has the target. Seeds of it
        that tested other trials, or other labels, are then references as well, for the runs with
        their folds.

    Returns
    -------
    DataFrame
        One row a comparison and score; see `compare_pair`. Empty if there is nothing to compare.
    """
    found = []
    for alike in _comparable(runs, across_protocols=against is not None):
        for target in dict.fromkeys(t for run in alike for t in run.settings.targets):
            able = group_seeds([run for run in alike if target in run.settings.targets])
            reference = able[0]
            if against is not None:
                mine = [each for each in able if any(run is against for run in each.runs)]
                if not mine:
                    continue
                reference = mine[0]
            led = reference if against is None else reference.led_by(against)
            others = []
            references = [led]
            for each in able:
                if each is reference:
                    continue
                if copied := _copied(each, led, target):
                    note = (
                        f"not compared, because it gives the same predictions as {copied}: "
                        f"{each.name}"
                    )
                elif _are_seeds(each, led):
                    note = (
                        f"not compared, because it is a seed of {led.first.name} with other folds: "
                        f"{each.name}; --splits-from gives seeds the same folds"
                    )
                    references += [each] if against is None else []
                else:
                    others.append(each)
                    continue
                report.notes += [note] if note not in report.notes else []
            for rows, own in _compare_all(others, references, target, against is None):
                found.append(_adjusted(rows))
                report.tables += _tables(found[-1], own, target)
    if not found:
        if against is not None:
            why = ": the others are seeds of it" if _only_seeds(runs, against) else ""
            console.warn(f"no run could be compared with {against.name}{why}")
        return pd.DataFrame()
    every = pd.concat(found, ignore_index=True)
    report.notes += _notes(every, seeds_can_help=all(map(_seeds_test_the_same, runs)))
    return every


def _are_seeds(one: Seeds, other: Seeds) -> bool:
    """Whether two entries differ in their seeds and folds alone: they are not two models."""
    seeds = {run.settings.seed for run in (*one.runs, *other.runs)}
    return len(seeds) > 1 and alike_but_seed(one.first, other.first)


def _only_seeds(runs: Sequence[Run], against: Run) -> bool:
    others = [run for run in runs if run is not against]
    return bool(others) and all(
        alike_but_seed(run, against) and run.settings.seed != against.settings.seed
        for run in others
    )


def _seeds_test_the_same(run: Run) -> bool:
    """Whether seeds that deal their own folds test the same trials, with the same labels."""
    return (
        run.protocol.tests_every_trial
        and run.settings.thresholds == choices.THRESHOLDS
        and run.settings.subjects is None  # the seed draws them
    )


def _compare_all(
    runs: Sequence[Seeds], references: Sequence[Seeds], target: str, may_add: bool
) -> Iterator[tuple[pd.DataFrame, Seeds]]:
    """Compare each run with the reference that fits it best; yield what is of one reference.

    Parameters
    ----------
    runs, references : sequence of Seeds
    target : str
        ``valence`` or ``arousal``.
    may_add : bool
        Make a run that no reference can be compared with one for those that follow.
    """
    known = list(references)
    rows: dict[int, list[dict[str, object]]] = {}
    for run in runs:
        place = _best_reference(run, known, target)
        found = _try_pair(run, known[place], target)
        rows.setdefault(place, []).extend(found)
        if not found and may_add:
            known.append(run)
    for place, part in sorted(rows.items()):
        if part:
            yield pd.DataFrame(part), known[place]


def _best_reference(run: Seeds, references: Sequence[Seeds], target: str) -> int:
    """The first that labels its trials alike and shares folds, or at least labels them alike."""
    able = [k for k, each in enumerate(references) if _can_pair(run, each, target)]
    sharing = (k for k in able if next(_same_folds(run, references[k], target), None))
    return next(sharing, able[0] if able else 0)


def _can_pair(run: Seeds, reference: Seeds, target: str) -> bool:
    try:
        common_trials([*run.trials(target), *reference.trials(target)])
    except RtcanError:
        return False
    return True


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


def compare_pair(run: Seeds, reference: Seeds, target: str) -> list[dict[str, object]]:
    """Compare two runs on the trials that both tested, with all their seeds.

    Parameters
    ----------
    run, reference : Seeds
        Differences are the first less the second, each a mean over its seeds.
    target : str
        ``valence`` or ``arousal``.

    Returns
    -------
    list of dict
        One entry a score: ``dataset``, ``target``, ``run``, ``reference``, both protocols,
        the seeds of both, ``n_trials``, ``score``, its value in both (``one``, ``other``),
        ``difference`` with its interval ``low`` to ``high`` over subjects. For accuracy also
        ``p_swap``; where both have several seeds, ``seed_low``, ``seed_high`` and ``p_seeds``
        (`seed_test`); and, where both runs have the same folds, ``n_folds``, the mean
        ``fold_difference`` with ``fold_low``, ``fold_high`` and ``p_folds`` (corrected t),
        ``cohens_d``, ``p_wilcoxon`` and ``rank_biserial``. Scores are fractions of 1.

    Raises
    ------
    RtcanError
        If the runs tested no common trial, or label one differently.
    """
    trials = run.trials(target), reference.trials(target)
    seed = reference.first.settings.seed
    table = difference_intervals(*trials, seed=seed)
    same = {
        "dataset": run.first.dataset.title,
        "simulated": run.first.simulated,
        "target": target,
        "run": run.name,
        "reference": reference.name,
        "protocol": run.first.protocol.name,
        "reference_protocol": reference.first.protocol.name,
        "seeds": run.seeds,
        "reference_seeds": reference.seeds,
        "n_trials": len(common_trials([*trials[0], *trials[1]])[0]),
    }
    rows: list[dict[str, object]] = [
        {**same, "score": score, **values.to_dict()} for score, values in table.iterrows()
    ]
    for row in rows:
        if row["score"] == "accuracy":
            row["p_swap"] = swap_test(*trials, seed=seed)
            if min(len(run.runs), len(reference.runs)) > 1:
                found = seed_test(*trials)
                row |= {
                    "seed_low": found.low,
                    "seed_high": found.high,
                    "p_seeds": found.p_value,
                }
            row |= _over_folds(run, reference, target)
    return rows


def _over_folds(run: Seeds, reference: Seeds, target: str) -> dict[str, object]:
    """Test the accuracy of the folds that both have trained, on the trials that both tested.

    Seeds with the same folds are averaged first. Seeds that dealt other folds add theirs, as in
    repeated cross-validation (Bouckaert & Frank 2004).
    """
    parts = []
    for mine, others in _same_folds(run, reference, target):
        each = common_trials([r.trials(target) for r in (*mine, *others)])
        accuracy = [_fold_accuracy(each[: len(mine)]), _fold_accuracy(each[len(mine) :])]
        sizes = others[0].audit(target).set_index("fold").loc[accuracy[0].index]
        parts.append(np.stack([*accuracy, sizes["train"], sizes["test"]]))
    if not parts:
        return {}
    one, other, train, test = np.concatenate(parts, axis=1)
    found = corrected_t(one, other, train, test)
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


def _copied(run: Seeds, reference: Seeds, target: str) -> str | None:
    """The seed of the reference that a run repeats: same settings, same answers."""
    own = run.first
    for each in reference.runs:
        same = own.settings.seed == each.settings.seed and alike_but_seed(own, each)
        columns = [*TRIAL_KEY, "label", "probability"]
        if same and (own.trials(target)[columns].reset_index(drop=True)).equals(
            each.trials(target)[columns].reset_index(drop=True)
        ):
            return each.name
    return None


def _same_folds(run: Seeds, reference: Seeds, target: str) -> Iterator[tuple[list[Run], list[Run]]]:
    """Runs of both that share their folds, those that share them all together."""
    left = list(run.runs)
    while left:
        mine = [each for each in left if each is left[0] or share_deal(each, left[0], target)]
        left = [each for each in left if not any(each is one for one in mine)]
        others = [each for each in reference.runs if share_deal(mine[0], each, target)]
        if others:
            yield mine, others


def _fold_accuracy(seeds: Sequence[pd.DataFrame]) -> pd.Series:
    """Accuracy of each fold, the mean over seeds."""
    right = [(trials["probability"] > 0.5) == (trials["label"] == 1) for trials in seeds]
    return pd.Series(np.mean(right, axis=0)).groupby(seeds[0]["fold"]).mean()


def _try_pair(run: Seeds, reference: Seeds, target: str) -> list[dict[str, object]]:
    """Compare, or say why not; say too what the runs were trained on, if it differs."""
    try:
        found = compare_pair(run, reference, target)
    except RtcanError as error:
        console.warn(f"{target}: {run.name} is not compared with {reference.name}: {error}")
        return []
    one, other = run.first.provenance.inputs, reference.first.provenance.inputs
    kinds = [k for k in ("components", "music") if k in one and k in other and one[k] != other[k]]
    if kinds:
        console.warn(
            f"{target}: {run.name} and {reference.name} were trained on different "
            f"{' and '.join(kinds)}: their difference is also one of the data"
        )
    return found


def _adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the p values that hold for all comparisons of a target together."""
    lacking = [name for name in (*TESTS, "seed_low", "seed_high") if name not in rows]
    rows = rows.reindex(columns=[*rows.columns, *lacking])
    return rows.assign(**{f"{test}_holm": holm(rows[test].astype(float)) for test in TESTS})


def _tables(rows: pd.DataFrame, reference: Seeds, target: str) -> list[Table]:
    """What holds for new networks comes first, what holds for these alone last."""
    rows = rows[rows["score"] == "accuracy"]
    mark = " (simulated)" if reference.first.simulated else ""
    about = f"{reference.first.dataset.title}{mark}, {target}: {LESS} {reference.name}"
    tables = []
    seeded = rows[rows["p_seeds"].notna()]
    if len(seeded):
        over_seeds: list[list[object]] = [
            [
                *(row.run, row.n_trials, f"{row.seeds} / {row.reference_seeds}"),
                *_points(row.difference, row.seed_low, row.seed_high),
                row.p_seeds_holm,
            ]
            for row in seeded.itertuples()
        ]
        columns = ["run", "common trials", "seeds", "points", "95 % from", "to", "p"]
        tables.append(Table(f"{about}, over subjects and seeds", columns, over_seeds))
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
    over_subjects: list[list[object]] = [
        [row.run, row.n_trials, *_points(row.difference, row.low, row.high), row.p_swap_holm]
        for row in rows.itertuples()
    ]
    columns = ["run", "common trials", "points", "95 % from", "to", "p"]
    tables.append(Table(f"{about}, over subjects", columns, over_subjects))
    return tables


def _points(*fractions: float) -> list[float]:
    return [100 * x for x in fractions]


def _notes(rows: pd.DataFrame, seeds_can_help: bool) -> list[str]:
    rows = rows[rows["score"] == "accuracy"]
    most = int(rows.groupby(["dataset", "simulated", "target", "reference"]).size().max())
    notes = []
    if rows["p_seeds"].notna().any():
        notes.append(
            "over subjects and seeds: would retrained networks differ on new subjects? (t-test "
            "with the variance over subjects and that between seeds)"
        )
    if rows["p_folds"].notna().any():
        fewest = int(rows["n_folds"].min())
        # The two most extreme of 2^n ways to sign n differences.
        least = (
            f"finds too much, and yet cannot be below {2 ** (1 - fewest):.3g} with {fewest} folds"
            if fewest < ENOUGH_FOLDS
            else "finds too much"
        )
        notes.append(
            "over folds: would networks that are trained again, on other subjects, differ on new "
            "subjects? (p: t-test corrected for shared training trials; d: Cohen's); (W): "
            "Wilcoxon's test and rank-biserial correlation, not corrected for shared training "
            f"trials, so it {least}"
        )
    notes.append(
        "over subjects: do these trained networks differ on new subjects? (bootstrap; p: "
        "swap test.) This does not show that one model is better: retraining gives other "
        "networks, and this p does not include that"
    )
    untested = rows[rows["p_seeds"].isna() & rows["p_folds"].isna()]
    if len(untested):
        names = ", ".join(dict.fromkeys(untested["run"]))
        notes.append(
            f"no test here shows whether retrained networks would differ: {names}; give the "
            "runs the same folds (--splits-from)"
            + (", or several seeds each (--seed 0,1,2)" if seeds_can_help else "")
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
