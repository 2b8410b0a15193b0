"""How often page one of a report claims evidence: without skill, and with a planted effect.

Run it as ``.venv/bin/python -m benchmarks.false_evidence``. No model is trained: answers of models
are drawn, go the way of the report (`scores_of`, `adjusted`, and the sentences of its page), and
headlines are counted. Each page has two networks and four simple models, two targets, and so 24
tests and 4 headlines. Subjects differ in how often they rate high, and models in how high they
answer for each of them, with no relation between the two. Half of what models answer is common to
all of them. A planted effect raises what the network of EDA answers to high arousal.

With ``--songs N`` it shows instead why models are tested over songs as well: labels and answers
both differ by song, with no relation between the two. How much they do are options.
"""

from __future__ import annotations

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import binomtest, norm

from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.results.answer import RIVAL_COLUMNS, TEST_COLUMNS, Answer
from rtcan_cli.results.base import empty
from rtcan_cli.results.scores.leakage import PROTOCOL_COLUMNS
from rtcan_cli.steps.report.skill import adjusted, scores_of
from rtcan_cli.views import answer as view

MODELS = (
    ("EDA", "network", "rtcan"),
    ("EDA", "simple", "logistic"),
    ("EDA", "simple", "svm-eda"),
    ("EDA", "simple", "boosting"),
    ("EDA and music", "network", "rtcan"),
    ("EDA and music", "simple", "svm-music"),
)


def trials_of(
    n_subjects: int, n_stimuli: int, share: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Trials with labels; subjects and stimuli differ in how often they are high."""
    subject = np.repeat(np.arange(n_subjects), n_stimuli)
    stimulus = np.tile(np.arange(n_stimuli), n_subjects)
    lean = rng.normal(0, 0.5, n_subjects)[subject] + rng.normal(0, 0.5, n_stimuli)[stimulus]
    table = {
        "subject": subject.astype(str),
        "stimulus": stimulus.astype(str),
        "song": stimulus.astype(str),
        "repetition": 1,
        "fold": subject % 10 + 1,
        "label": (rng.random(len(subject)) < expit(lean + np.log(share / (1 - share)))).astype(int),
    }
    return pd.DataFrame(table)


def page(
    seed: int, n_subjects: int, n_stimuli: int, share: float, effect: float
) -> list[tuple[str, str]]:
    """How sure each headline of one report is, and what it says."""
    rng = np.random.default_rng([seed, n_subjects])
    rows = []
    for target in TARGETS:
        trials = trials_of(n_subjects, n_stimuli, share, rng)
        code = trials["subject"].astype(int).to_numpy()
        common = rng.normal(0, 1, len(trials)) + rng.normal(0, 0.5, n_subjects)[code]
        for asked, role, model in MODELS:
            own = rng.normal(0, 1, len(trials)) + rng.normal(0, 0.5, n_subjects)[code]
            answer = (common + own) / np.sqrt(2)
            if (target, asked, role) == ("arousal", "EDA", "network"):
                answer = answer + effect * (2 * trials["label"] - 1)
            told = trials.assign(probability=expit(answer))
            scores = scores_of([told], 0)
            rows.append(
                {
                    **{"target": target, "input": asked, "role": role, "model": model},
                    **{"run": f"{asked} {model}", "network": "Rf", "n_seeds": 1},
                    **{"n_folds": 10, "n_planned_folds": 10},
                    **scores,
                }
            )
    tests, n_tests = adjusted(pd.DataFrame(rows).reindex(columns=list(TEST_COLUMNS)))
    answer = Answer(
        dataset="pmemo",
        simulated=True,
        n_tests=n_tests,
        tests=tests,
        rivals=empty(RIVAL_COLUMNS),
        protocols=empty(PROTOCOL_COLUMNS),
    )
    said = [(each.sure, each.headline) for each in view.answers(answer)]
    assert len(said) == 4
    return said


def by_song(
    seed: int, n_subjects: int, n_songs: int, of_labels: float, of_answers: float
) -> tuple[bool, bool]:
    """Whether AUC or balanced accuracy of one model has p < 0.05: over subjects, and over both."""
    rng = np.random.default_rng(seed)
    trials = trials_of(n_subjects, n_songs, 0.5, rng)
    song = trials["song"].astype(int).to_numpy()
    felt, said = (
        np.sqrt(share) * rng.normal(0, 1, n_songs)[song]
        + np.sqrt(1 - share) * rng.normal(0, 1, len(song))
        for share in (of_labels, of_answers)
    )
    trials = trials.assign(label=(felt > 0).astype(int), probability=expit(said))
    subjects, both = (scores_of([trials], 0, over_songs=over) for over in (False, True))
    return tuple(min(each["p_value"], each["auc_p_value"]) < 0.05 for each in (subjects, both))


def claim(sure: str, headline: str) -> str:
    """What a headline claims; empty if nothing."""
    if "below what needs no skill" in headline:
        return "below"
    return {view.YES: "evidence", view.PERHAPS: "weak"}.get(sure, "")


def line(pages: list[list[tuple[str, str]]]) -> str:
    """How many reports claim anything, and what is claimed of the EDA that may have an effect."""
    claims = [[claim(*each) for each in said] for said in pages]
    n = sum(map(any, claims))
    low, high = binomtest(n, len(pages)).proportion_ci(method="wilson")
    wrong = sum(bool({"evidence", "weak"} & {*said}) for said in claims)
    planted = Counter(each[1] for each in claims)
    every = Counter(each for said in claims for each in said)
    return (
        f"{len(pages)} reports; any claim in {n} ({100 * n / len(pages):.1f} %, {100 * low:.1f} to "
        f"{100 * high:.1f}), of skill in {wrong}; headlines: {dict(every)}; of EDA and arousal: "
        f"{dict(planted)}"
    )


def main() -> None:
    """Print a line for each size of study and effect."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--reports", type=int, default=300)
    parser.add_argument("--effects", type=float, nargs="*", default=[0.0])
    parser.add_argument("--subjects", type=int, default=40)
    parser.add_argument("--stimuli", type=int, default=10)
    parser.add_argument("--share", type=float, default=0.5, help="of high trials")
    parser.add_argument("--songs", type=int, help="instead, models that answer by so many songs")
    parser.add_argument("--of-labels", type=float, default=0.5, help="variance that is of songs")
    parser.add_argument("--of-answers", type=float, default=0.96, help="variance that is of songs")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if given.songs:
        sizes = {"n_subjects": given.subjects, "n_songs": given.songs}
        shares = {"of_labels": given.of_labels, "of_answers": given.of_answers}
        study = partial(by_song, **sizes, **shares)
        with ProcessPoolExecutor(given.jobs) as pool:
            found = np.sum(list(pool.map(study, range(given.reports), chunksize=5)), axis=0)
        print(
            f"{given.reports} studies, {sizes}, {shares}: p < 0.05 over subjects in {found[0]}, "
            f"over subjects and songs in {found[1]}"
        )
        return
    sizes = {"n_subjects": given.subjects, "n_stimuli": given.stimuli, "share": given.share}
    with ProcessPoolExecutor(given.jobs) as pool:
        for effect in given.effects:
            one = partial(page, **sizes, effect=effect)
            pages = list(pool.map(one, range(given.reports), chunksize=5))
            # The spread of answers is that of `page`.
            auc = norm.cdf(2 * effect / np.sqrt(2 * 1.25))
            print(f"{sizes}, AUC {auc:.3f}: {line(pages)}", flush=True)


if __name__ == "__main__":
    main()
