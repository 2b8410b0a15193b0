"""The answer for a dataset in plain sentences, made from its tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import pandas as pd

from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.results.answer import Answer
from rtcan_cli.results.base import Note
from rtcan_cli.results.run import AboutRun
from rtcan_cli.results.scores.leakage import known_in_words
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title, mark

#: How sure an answer is, for its mark: there is signal, perhaps, none was found, or no answer.
YES, PERHAPS, NO, OPEN = "yes", "perhaps", "no", "open"
#: How models are called in sentences; others by their name.
NAMES = {"rtcan": "RTCAN-1D"}
#: How differences from simple models are tested, by the column of the p value.
_TESTS = {
    "p_seeds": "t-test over subjects and seeds",
    "p_folds": "t-test over folds",
    "p_swap": "swap test over subjects, for these trained models alone",
}
#: What models know that see neither EDA nor music.
PRIORS = {
    "song-prior": "how others rated the same {word}",
    "duration-prior": "the length of the recording",
}
#: Verdicts of models that are better than no skill, the surest first.
_FOUND = ("better", "auc_only", "better_alone")
_SKILL = {"better": YES, "auc_only": PERHAPS, "too_few": OPEN, "no_interval": OPEN}
#: Notes that are about what is shown, not about what is missing.
_SHOWN = ("other_networks", "uncounted_runs", "part_of_the_subjects", "unused_part")


@dataclass(frozen=True)
class Said:
    """An answer to one question.

    Parameters
    ----------
    sure : str
        `YES`, `PERHAPS`, `NO` or `OPEN`.
    headline : str
        The answer in a sentence.
    details : str
        The numbers behind it, in sentences.
    """

    sure: str
    headline: str
    details: str


def page(result: Answer) -> Page:
    """Sentences, then the table behind them."""
    said = [f"{each.headline} {each.details}".strip() for each in answers(result)]
    return Page(
        tables=[score_table(result)] if len(result.tests) else [],
        notes=[*said, *how_to_read(result), *memory(result), *note_lines(not_answered(result))],
        files=list(result.files),
    )


def not_answered(result: Answer) -> list[Note]:
    """What was not tried."""
    return [note for note in result.notes if note.kind not in _SHOWN]


def size(result: Answer) -> str:
    """Name of the dataset, and how much of it was tested."""
    title = dataset_title(result.dataset, result.simulated)
    title = title[0].upper() + title[1:]
    if result.tests.empty:
        return title
    asked = result.tests[result.tests["role"] != "prior"]
    tests = asked if len(asked) else result.tests
    most = tests.loc[tests["n_trials"].idxmax()]
    return (
        f"{title}: {most['n_subjects']} subjects, {most['n_stimuli']} "
        f"{profile(result.dataset).stimuli_word}, {most['n_trials']} trials"
    )


def answers(result: Answer) -> Iterator[Said]:
    """An answer for each input and target that a model was trained for."""
    asked = result.tests[result.tests["role"] != "prior"]
    for what in dict.fromkeys(asked["input"]):
        for target in TARGETS:
            tests = asked[(asked["input"] == what) & (asked["target"] == target)]
            if len(tests):
                yield _said(result, str(what), target, tests)


def skill(results: Iterable[Answer], run: AboutRun, target: str) -> str:
    """How sure it is that a run has skill for a target: `YES`, `PERHAPS`, `NO` or `OPEN`."""
    for each in results:
        if (each.dataset, each.simulated) == (run.dataset, run.simulated):
            own = (each.tests["run"] == run.name) & (each.tests["target"] == target)
            for verdict in each.tests.loc[own, "verdict"]:
                return _SKILL.get(verdict, NO)
    return OPEN


def how_to_read(result: Answer) -> list[str]:
    """What scores are held against, how often, and what an interval covers."""
    tests = result.tests
    if tests.empty:
        return []
    majority = [
        f"{100 * part['majority_accuracy'].iloc[0]:.1f} % ({target})"
        for target in TARGETS
        if len(part := tests[tests["target"] == target])
    ]
    told = [
        "Baseline: without skill, balanced accuracy is 50 % and AUC is 0.5. Saying the more "
        f"frequent class for every trial is right in {' and '.join(majority)} of the trials."
    ]
    if result.n_tests:
        word = profile(result.dataset).stimulus_word
        told.append(
            f"Tests: {result.n_tests} tests against no skill were made here, of every network and "
            "simple model for each input and target: by the score to judge by, and by AUC. "
            '"Evidence" and "weak evidence" (by AUC alone) hold for all of them together (Holm, '
            f"5 %). Each is made over subjects and over {word}s, and the larger p counts."
        )
    told += [*_differences(result.rivals), *_power(result), _intervals(tests)]
    told += [note.text for note in result.notes if note.kind in _SHOWN]
    return told


def _differences(rivals: pd.DataFrame) -> Iterator[str]:
    """What the p values of differences from simple models are of."""
    if len(rivals):
        tests = " or ".join(_TESTS[str(name)] for name in dict.fromkeys(rivals["test"]))
        chosen = "for the choice of the best simple model, where the network is less accurate"
        made = [f"for {len(rivals)} comparisons"] if len(rivals) > 1 else []
        made += [chosen] if rivals["n_rivals"].max() > 1 else []
        corrected = f", corrected {' and '.join(made)}" if made else ""
        yield (
            f"Differences from simple models: p values are of accuracy ({tests}){corrected}. "
            "Intervals are over subjects, for these trained models, so the two may disagree; a "
            "difference counts if both show it."
        )


def _power(result: Answer) -> Iterator[str]:
    """What the study could have shown by the models that are shown."""
    shown = [row for row in _speaking(result) if pd.notna(row["smallest_effect"])]
    found = []
    for target in TARGETS:
        if own := [row for row in shown if row["target"] == target]:
            found.append(f"{_found_from(max(own, key=itemgetter('smallest_effect')))} ({target})")
    if found:
        each = " from each input" if len({row["input"] for row in shown}) > 1 else ""
        yield (
            "Power: in a single test over subjects of a model in the table, this study would have "
            f"found, with a probability of 80 %, {' and '.join(found)}{each}."
        )


def _intervals(tests: pd.DataFrame) -> str:
    seeds = "one seed each" if tests["n_seeds"].max() == 1 else "means over seeds are marked"
    return (
        "Intervals: numbers in brackets are 95 % intervals over subjects, which say what these "
        "trained models would score on others. They do not cover variation between training runs "
        f"({seeds})."
    )


def memory(result: Answer) -> list[str]:
    """What of a score is memory of songs or people, as far as it was measured."""
    word = profile(result.dataset).stimulus_word
    told = []
    shown = result.tests[result.tests["role"] != "prior"]
    if len(shown):
        known = 100 * shown["stimulus_known"].max()
        heard = (
            f"{known:.0f} % of the tested trials are of a {word} that others heard in training, so "
            f"memory of a {word} is possible."
            if known
            else f"The same holds for every {word}."
        )
        told.append(
            "Memory: no subject is on both sides of a fold (checked), so no score above is memory "
            f"of subjects. {heard}"
        )
    apart = result.protocols[result.protocols["difference"].notna()]
    for _, rows in apart.groupby(["series", "protocol"], sort=False):
        told.append(_of_protocol(rows, word))
    prior = result.tests[result.tests["role"] == "prior"]
    for model, part in prior.groupby("model", sort=False):
        scores = [
            f"{row['target']} {_share(row, 'balanced_accuracy')} %, AUC {_plain(row, 'auc')}"
            for row in part.to_dict("records")
        ]
        told.append(
            f"Without EDA or music, {PRIORS[str(model)].format(word=word)} ({model}) gives a "
            f"balanced accuracy of: {'; '.join(scores)}."
        )
    return told


def _of_protocol(rows: pd.DataFrame, word: str) -> str:
    """How much knowing subjects or stimuli is worth to a model."""
    first = rows.iloc[0]
    known = known_in_words(first["subject_known"], first["stimulus_known"], word)
    found = []
    for row in rows.itertuples():
        low, high = 100 * row.difference_low, 100 * row.difference_high
        verdict = "higher" if low > 0 else "lower" if high < 0 else "no difference shown"
        found.append(f"{row.target} {_points(row.difference)} ({low:.1f} to {high:.1f}; {verdict})")
    return (
        f"Memory of {first['model']}: with {known} (protocol {first['protocol']}), accuracy less "
        f"that of protocol {first['last_protocol']} is {', '.join(found)}."
    )


def score_table(result: Answer) -> Table:
    """One row an input and target: the network, and the best simple model that sees no more."""
    columns = ["input", "target", "model", "bal. acc. [%]", "AUC", "detectable effect [points]"]
    columns += ["best simple model", "difference [points]", "p (corrected)"]
    rows: list[list[object]] = []
    for row in _speaking(result):
        rival = _rival_of(result, row)
        cells: list[object] = [row["input"], row["target"], _model(row)]
        cells += [_share(row, "balanced_accuracy"), _plain(row, "auc")]
        cells.append(None if pd.isna(row["smallest_effect"]) else 100 * row["smallest_effect"])
        if rival is None:
            cells += [None, None, None]
        else:
            low, high = 100 * rival["low"], 100 * rival["high"]
            cells += [
                rival["rival_model"],
                f"{100 * rival['difference']:+.1f} ({low:.1f} to {high:.1f})",
                _p(rival["p_holm"]).removeprefix("p = ").removeprefix("p "),
            ]
        rows.append(cells)
    title = (
        "Scores on unseen subjects, with 95 % intervals; the smallest effect above no skill that "
        "is detected with a power of 80 %; the best simple model that sees no more"
        f"{mark(result.simulated)}"
    )
    return Table(title, columns, rows)


def _speaking(result: Answer) -> Iterator[dict[str, Any]]:
    """The row of each input and target that is shown, see `_first`."""
    asked = result.tests[result.tests["role"] != "prior"]
    for _, tests in asked.groupby(["input", "target"], sort=False):
        yield _first(tests)


def _first(tests: pd.DataFrame) -> dict[str, Any]:
    """The model that was chosen to be shown: the step puts it before the others."""
    return {str(name): each for name, each in tests.iloc[0].items()}


def _said(result: Answer, what: str, target: str, tests: pd.DataFrame) -> Said:
    shown = _first(tests)
    unseen = "unseen simulated" if result.simulated else "unseen"
    claim = f"{what} {'predict' if ' and ' in what else 'predicts'} {target} in {unseen} subjects"
    sure, headline = _verdict(claim, shown, tests, result.n_tests)
    simple = tests[tests["role"] == "simple"]
    # Before the numbers, since these may be of labels that are gone.
    parts = [
        f"Out of date: {note.text}."
        for note in result.notes
        if note.kind == "stale_run" and note.text.startswith(f"{shown['run']} ")
    ]
    parts.append(_score(shown, len(simple)))
    rival = _rival_of(result, shown)
    if rival is not None:
        parts.append(_against(rival, profile(result.dataset).stimulus_word))
    surer = _FOUND[: _FOUND.index(shown["verdict"])] if shown["verdict"] in _FOUND else _FOUND
    surest = next((each for each in surer if each in set(simple["verdict"])), None)
    better = simple[simple["verdict"] == surest]
    parts += [_of_simple(row) for row in better.to_dict("records")]
    if "music" in what and shown["verdict"] in _FOUND and shown["stimulus_known"] > 0:
        parts.append(_of_known_songs(result, shown))
    return Said(sure, headline, " ".join(parts))


def _verdict(
    claim: str, shown: dict[str, Any], tests: pd.DataFrame, n_tests: int
) -> tuple[str, str]:
    found = set(tests["verdict"])
    by_other = f", from {'another' if shown['role'] == 'simple' else 'a'} simple model"
    if shown["verdict"] == "too_few":
        return OPEN, f"Not answered: whether {claim}. {shown['n_subjects']} subjects are too few."
    if shown["verdict"] == "no_interval":
        why = (
            "there is only one subject"
            if shown["n_subjects"] < 2
            else "all tested trials are of one class"
        )
        return OPEN, f"Not answered: whether {claim}, since {why}."
    if shown["verdict"] == "better":
        return YES, f"Evidence that {claim}."
    if "better" in found:
        return YES, f"Evidence that {claim}{by_other}; not from {_model(shown)}."
    if "auc_only" in found:
        by = "" if shown["verdict"] == "auc_only" else by_other
        return PERHAPS, (
            f"Weak evidence that {claim}{by}: AUC is above 0.5, but not the score to judge by."
        )
    if "better_alone" in found:
        return NO, (
            f"No evidence that {claim}: it holds in a single test over subjects, not among all "
            f"{n_tests} here."
        )
    if shown["verdict"] == "worse":
        return NO, f"No evidence that {claim}: the score is even below what needs no skill."
    return NO, f"No evidence that {claim}."


def _score(row: dict[str, Any], n_simple: int) -> str:
    """How much, by what, and how sure."""
    who = _model(row)
    if row["role"] != "network":
        one_of = f", one of {n_simple} simple models," if n_simple > 1 else ""
        who = f"No network was trained; {who}{one_of}"
    text = f"{who} has a balanced accuracy of {_share(row, 'balanced_accuracy')} %"
    text += f" and an AUC of {_plain(row, 'auc')}"
    if row["score"] == "above_majority":
        low, high = 100 * row["low"], 100 * row["high"]
        text += (
            f"; the classes are uneven, so it is judged by its accuracy less that of saying the "
            f"more frequent class: {_points(row['estimate'])} ({low:.1f} to {high:.1f})"
        )
    if row["n_seeds"] > 1:
        text += f" (mean of {row['n_seeds']} seeds, sd {100 * row['seed_sd']:.1f} points)"
    if row["n_folds"] < row["n_planned_folds"]:
        text += f"; only {row['n_folds']} of {row['n_planned_folds']} folds were trained"
    return f"{text}; {_corrected(row)}." if row["verdict"] in _FOUND else f"{text}."


def _corrected(row: dict[Any, Any]) -> str:
    """The p value that a verdict is of."""
    if row["verdict"] == "auc_only":
        return f"{_p(row['auc_p_holm'])} for AUC, corrected"
    return f"{_p(row['p_holm'])}, corrected"


def _of_simple(row: dict[Any, Any]) -> str:
    return (
        f"{_model(row)} has {_share(row, 'balanced_accuracy')} % and {_plain(row, 'auc')}; "
        f"{_corrected(row)}."
    )


def _of_known_songs(result: Answer, row: dict[str, Any]) -> str:
    """What hears music may know songs again: what knowing them alone is worth stands beside it."""
    word, tests = profile(result.dataset).stimulus_word, result.tests
    prior = tests[(tests["model"] == "song-prior") & (tests["target"] == row["target"])]
    beside = "".join(
        f"; song-prior, which knows only {PRIORS['song-prior'].format(word=word)}, has "
        f"{_share(each, 'balanced_accuracy')} %"
        for each in prior.head(1).to_dict("records")
    )
    return (
        f"{100 * row['stimulus_known']:.0f} % of its test trials are of a {word} heard in "
        f"training, so this may be memory of the {word}{beside}."
    )


def _against(rival: dict[str, Any], word: str) -> str:
    words = rival["verdict"].replace("_", " ")
    name, n = rival["rival_model"], rival["n_rivals"]
    known = f", which knows {PRIORS[name]}".format(word=word) if name in PRIORS else ""
    which = f"the best of {n} simple models, {name}{known}" if n > 1 else f"{name}{known}"
    return (
        f"It is {words} than {which} ({100 * rival['rival_score']:.1f} %): "
        f"{_points(rival['difference'])}, {_p(rival['p_holm'])}."
    )


def _rival_of(result: Answer, row: dict[str, Any]) -> dict[str, Any] | None:
    rivals = result.rivals
    found = rivals[(rivals["run"] == row["run"]) & (rivals["target"] == row["target"])]
    return None if found.empty else {str(n): each for n, each in found.iloc[0].items()}


def _model(row: dict[Any, Any]) -> str:
    name = NAMES.get(row["model"], row["model"])
    return f"{name} ({row['network'].split(',')[0]})" if row["model"] == "rtcan" else name


def _found_from(row: dict[Any, Any]) -> str:
    """The smallest score that the study finds."""
    least = 100 * row["smallest_effect"]
    if row["score"] == "above_majority":
        return f"an accuracy {least:.1f} points above the majority"
    return f"a balanced accuracy of {50 + least:.1f} %"


def _share(row: dict[Any, Any], name: str) -> str:
    """A fraction in per cent, with its interval."""
    value, low, high = (100 * row[f"{name}{end}"] for end in ("", "_low", "_high"))
    return f"{value:.1f}" + ("" if pd.isna(low) else f" ({low:.1f} to {high:.1f})")


def _plain(row: dict[Any, Any], name: str) -> str:
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if pd.isna(value):
        return "-"
    return f"{value:.2f}" + ("" if pd.isna(low) else f" ({low:.2f} to {high:.2f})")


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f} points"


def _p(value: float) -> str:
    if value < 0.001:
        return "p < 0.001"
    return f"p = {value:.2g}" if value < 0.995 else "p = 1"
