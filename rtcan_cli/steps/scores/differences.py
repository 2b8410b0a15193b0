"""Two finished runs -> how far apart their scores are, and whether that may be chance.

Runs that differ in their seed alone count as one, with the mean of their scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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
from rtcan_cli.results.base import Note, empty
from rtcan_cli.results.run import name_of_seeds
from rtcan_cli.results.scores.comparison import DIFFERENCE_COLUMNS
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import Seeds, alike_but_seed, group_seeds
from rtcan_cli.trial_key import TRIAL_KEY

#: With fewer folds Wilcoxon's p cannot reach 0.05.
ENOUGH_FOLDS = 6
#: Inputs of a model that may differ between runs; labels are compared trial by trial.
_INPUTS = ("components", "features", "music")
#: How scores of pure rooms are called in results.
SCORE_NAMES = {"f1": "f1_high"}
#: Tests whose p values are adjusted, each for itself, over the comparisons of a target.
TESTS = ("p_seeds", "p_folds", "p_wilcoxon", "p_swap")


def differences(runs: Sequence[Run], against: Run | None = None) -> tuple[pd.DataFrame, list[Note]]:
    """Compare every run with one reference.

    Parameters
    ----------
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
        One row a comparison and score, see
        `rtcan_cli.results.scores.comparison.DIFFERENCE_COLUMNS`; without rows if there is nothing
        to compare.
    list of Note
        What was not compared and why, and what the numbers mean.
    """
    found: list[pd.DataFrame] = []
    notes: list[Note] = []
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
                    text = f"not compared, because it answers as {copied} does: {each.name}"
                    notes.append(Note("copied_run", text))
                elif _are_seeds(each, led):
                    text = (
                        f"not compared, because it is a seed of {led.first.name} with other folds: "
                        f"{each.name}; --splits-from gives seeds the same folds"
                    )
                    notes.append(Note("seed_with_other_folds", text))
                    references += [each] if against is None else []
                else:
                    others.append(each)
            rows, said = _compare_all(others, references, target, against is None)
            found += map(_adjusted, rows)
            notes += said
    notes = list(dict.fromkeys(notes))  # the same may hold for both targets
    if found:
        every = pd.concat(found, ignore_index=True)
        every = every.reindex(columns=list(DIFFERENCE_COLUMNS)).astype(
            {"n_folds": "Int64", "n_resamples": int}
        )
        return every, [*notes, *_notes(every, all(map(_seeds_test_the_same, runs)))]
    if against is not None:
        why = ": the others are seeds of it" if _only_seeds(runs, against) else ""
        text = f"no run could be compared with {against.name}{why}"
        notes.append(Note("nothing_to_compare", text))
    return empty(DIFFERENCE_COLUMNS), notes


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
) -> tuple[list[pd.DataFrame], list[Note]]:
    """Compare each run with the reference that fits it best: a table a reference.

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
    notes: list[Note] = []
    for run in console.counted(runs, f"differences, {target}", "run"):
        place = _best_reference(run, known, target)
        found, said = _try_pair(run, known[place], target)
        rows.setdefault(place, []).extend(found)
        notes += said
        if not found and may_add:
            known.append(run)
    return [pd.DataFrame(part) for _, part in sorted(rows.items()) if part], notes


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


def pairing_notes(runs: Sequence[Run]) -> list[Note]:
    """Say whether runs of one dataset share their labels, and those of a protocol their folds."""
    notes = []
    for name in sorted({run.provenance.dataset for run in runs}):
        same = [run for run in runs if run.provenance.dataset == name]
        if len({run.provenance.inputs["labels"] for run in same}) > 1:
            text = f"the {name} runs were trained on different labels"
            notes.append(Note("different_labels", text))
        for protocol in sorted({run.protocol.name for run in same}):
            alike = [run for run in same if run.protocol.name == protocol]
            what = f"{name} runs" + (f" ({protocol})" if protocol != choices.PROTOCOL else "")
            if len(alike) > 1 and _share_folds(alike):
                text = f"all {len(alike)} {what} test their common trials in the same folds"
                notes.append(Note("same_folds", text))
            elif len(alike) > 1:
                text = f"the {what} have different folds"
                notes.append(Note("different_folds", text))
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
        One entry a score, with those of
        `rtcan_cli.results.scores.comparison.DIFFERENCE_COLUMNS` that are known: tests
        (`seed_test`, corrected t and others over folds, `swap_test`) are of accuracy.

    Raises
    ------
    RtcanError
        If the runs tested no common trial, or label one differently.
    """
    trials = run.trials(target), reference.trials(target)
    seed = reference.first.settings.seed
    table = difference_intervals(*trials, seed=seed)
    same = {
        "dataset": run.first.dataset.name,
        "simulated": run.first.simulated,
        "target": target,
        "run": run.first.name,
        "reference": reference.first.name,
        "protocol": run.first.protocol.name,
        "reference_protocol": reference.first.protocol.name,
        "seeds": run.seeds,
        "n_seeds": len(run.runs),
        "reference_seeds": reference.seeds,
        "n_reference_seeds": len(reference.runs),
        "n_trials": len(common_trials([*trials[0], *trials[1]])[0]),
    }
    table = table.rename(columns={"one": "run_score", "other": "reference_score"})
    rows: list[dict[str, object]] = [
        {**same, "score": SCORE_NAMES.get(str(score), score), **values.to_dict()}
        for score, values in table.iterrows()
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


def _try_pair(
    run: Seeds, reference: Seeds, target: str
) -> tuple[list[dict[str, object]], list[Note]]:
    """Compare, or say why not; say too what the runs were trained on, if it differs."""
    try:
        found = compare_pair(run, reference, target)
    except RtcanError as error:
        text = f"{target}: {run.name} is not compared with {reference.name}: {error}"
        return [], [Note("not_comparable", text)]
    one, other = run.first.provenance.inputs, reference.first.provenance.inputs
    kinds = [k for k in _INPUTS if k in one and k in other and one[k] != other[k]]
    if not kinds:
        return found, []
    text = (
        f"{target}: {run.name} and {reference.name} were trained on different "
        f"{' and '.join(kinds)}: their difference is also one of the data"
    )
    return found, [Note("different_inputs", text)]


def _adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the p values that hold for all comparisons of a target together."""
    lacking = [name for name in (*TESTS, "seed_low", "seed_high") if name not in rows]
    rows = rows.reindex(columns=[*rows.columns, *lacking])
    return rows.assign(**{f"{test}_holm": holm(rows[test].astype(float)) for test in TESTS})


def _notes(rows: pd.DataFrame, seeds_can_help: bool) -> list[Note]:
    """Say what each test answers, and which question none of them answers."""
    rows = rows[rows["score"] == "accuracy"]
    notes = []
    if rows["p_seeds"].notna().any():
        text = (
            "over subjects and seeds: would networks that are trained again differ on new "
            "subjects? (t-test with the variance over subjects and that between seeds)"
        )
        notes.append(Note("test_over_seeds", text))
    if rows["p_folds"].notna().any():
        fewest = int(rows["n_folds"].min())
        # The two most extreme of 2^n ways to sign n differences.
        least = (
            f"finds too much, and yet cannot be below {2 ** (1 - fewest):.3g} with {fewest} folds"
            if fewest < ENOUGH_FOLDS
            else "finds too much"
        )
        text = (
            "over folds: would networks that are trained again, on other subjects, differ on new "
            "subjects? (p: t-test corrected for shared training trials; d: Cohen's); (W): "
            "Wilcoxon's test and rank-biserial correlation, not corrected for shared training "
            f"trials, so it {least}"
        )
        notes.append(Note("test_over_folds", text))
    text = (
        "over subjects: do these trained networks differ on new subjects? (bootstrap; p: swap "
        "test.) It does not say that one model is better: training again gives other networks, and "
        "that is not in this p"
    )
    notes.append(Note("test_over_subjects", text))
    untested = rows[rows["p_seeds"].isna() & rows["p_folds"].isna()]
    if len(untested):
        text = (
            "no test here says whether networks that are trained again would differ: "
            f"{', '.join(dict.fromkeys(map(_name, untested.itertuples())))}; "
            "give the runs the same folds (--splits-from)"
            + (", or several seeds each (--seed 0,1,2)" if seeds_can_help else "")
        )
        notes.append(Note("no_test_of_new_networks", text))
    by = ["dataset", "simulated", "target", "reference"]
    if rows.groupby(by).size().max() > 1:
        text = "p values, but not intervals, are adjusted for the comparisons of a table (Holm)"
        notes.append(Note("adjusted", text))
    across = rows[rows["protocol"] != rows["reference_protocol"]]
    for (reference, protocol), part in across.groupby(["reference", "reference_protocol"]):
        others = dict.fromkeys(f"{_name(row)} ({row.protocol})" for row in part.itertuples())
        text = (
            f"not held out as in {reference} ({protocol}): {', '.join(others)}; these differences "
            "are also ones of the question, not of the networks alone"
        )
        notes.append(Note("other_protocols", text))
    return notes


def _name(row: Any) -> str:
    return name_of_seeds(row.run, row.n_seeds)
