"""The page of the documentation, from the answers of all experiments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from textwrap import fill as fill_lines

import pandas as pd
from plan import ADAPTED_WITH, EXPERIMENTS, FOLDS, GROUPS, SEEDS, TARGETS, Experiment
from scores import (
    Scored,
    against_chance,
    difference,
    holm,
    is_complete,
    score,
    shared_pairs,
    smallest_auc,
    tables,
)

from rtcan_cli.models.registry import find
from rtcan_cli.stores import Store

PAGE = Path(__file__).parents[2] / "docs" / "real_scores.md"

SEES = {
    "none": "nothing",
    "duration": "length of the recording",
    "order": "place in the session",
    "signals": "signals",
    "signals-window": "signals, first 24 s",
    "signals-listener": "signals in units of the listener, level kept",
    "features": "128 features",
    "features-listener": "128 features, z-scored within the listener",
    "level": "6 features of level and trend [uS]",
    "level-listener": "6 features of level and trend, z-scored within the listener",
}
CHANGES = {
    "": "",
    "measured": "; only recordings above the sensor's noise",
    "pretrained": "; weights from simulated listeners",
    "adapted": "",
}
#: What a changed experiment is compared with.
PLAIN = {"ridge": Experiment("rivals", "logistic", "features")}
NO_EDA = ("none", "duration", "order")


def write_page(stores: Path, results: Path) -> None:
    """Write the page, once all experiments are complete."""
    missing = [each.name for each in EXPERIMENTS if not is_complete(results, each)]
    if missing:
        print(f"not complete, named on the page: {', '.join(missing)}")
    scored = [
        score(results, experiment, target)
        for experiment in EXPERIMENTS
        if is_complete(results, experiment) and experiment.change != "adapted"
        for target in TARGETS
    ]
    parts = [
        _introduction(stores),
        _answer(scored, results),
        *(_group(group, scored) for group in ("priors", "network", "rivals")),
        _changes(results, scored),
        _adapted(results),
        *(_group(group, scored) for group in ("stimulus", "both")),
        _how(missing, results),
    ]
    PAGE.write_text("\n\n".join(_flow(part) for part in parts if part) + "\n")
    print(f"-> {PAGE}")


def _introduction(stores: Path) -> str:
    with Store(stores / "recordings.h5", "recordings") as store:
        trials, recordings = store.table("trials"), store.table("recordings")
        ratio = store.array("quality/signal_to_noise")
    usable = (recordings["problem"] == "").to_numpy()
    n, left_out, clear = len(trials), int((~usable).sum()), int((ratio[usable] >= 3).sum())
    return f"""# Scores on real listeners

<!-- Written by `benchmarks/real_scores`; do not edit. -->

**All data on this page are real**: {trials["subject"].nunique()} of the 30 listeners of HKU956
(Hu, Li and Liu
2022), {n} trials, a wristband at 4 Hz ([the dataset](howto/real_data.md)). {left_out} recordings
are left out by the
default [quality rules](howto/quality.md), so {n - left_out} are used by all models. {clear} of
these vary by at
least three times the noise of their sensor. The other six listeners are kept for a
[blind test](#the-blind-test).

What was to be tried was written down before the first result, in `benchmarks/real_scores/plan.py`,
whose first
commit is older than the results. Nothing was added later. An earlier version of rtcan had been
scored on all 30
listeners, the six among them; the plan quotes these numbers. `svm-gsr` and `mlp` were trained
twice: at first, by
mistake, on all 128 features."""


def _answer(scored: list[Scored], results: Path) -> str:
    corrected = _corrected(scored)
    lines = ["## The answer", ""]
    for target in TARGETS:
        own = {each: p for each, p in corrected.items() if each.target == target}
        subject = [each for each in own if each.experiment.protocol == "subject"]
        best = max(subject, key=lambda each: each.auc.value)
        found = [each for each in own if own[each] < 0.05 and each.auc.value > 0.5]
        network = _find(subject, "subject-rtcan-Rf-signals", target)
        prior = _find(scored, "subject-song-prior-none", target)
        seeds = tables(results, network.experiment, target)
        one, first = smallest_auc(seeds), smallest_auc(seeds, len(own))
        verdict = (
            f"None of {len(own)} experiments with EDA has an AUC above chance"
            if not found
            else f"{len(found)} of {len(own)} experiments with EDA have an AUC above chance "
            f"({'; '.join(_who(each.experiment) for each in found)})"
        )
        lines.append(
            f"- **{target.capitalize()}**: {verdict} (p below 0.05, corrected for their number). "
            f"RTCAN-1D (Rf) on the EDA of unseen listeners has an AUC of {network.auc.text()}. "
            f"With a power of 80 %, this study would have found {one:.2f} in a single test, and "
            f"{first:.2f} in the strictest of the corrected tests. The highest AUC with EDA on "
            f"unseen listeners is {best.auc.text()} ({_who(best.experiment)}; the highest of many "
            f"is too high by chance). What other listeners said about the same song (`song-prior`) "
            f"has {prior.auc.text()}."
        )
    return "\n".join(lines)


def _corrected(scored: Iterable[Scored]) -> dict[Scored, float]:
    """P values of AUCs with EDA, corrected within each target."""
    found: dict[Scored, float] = {}
    for target in TARGETS:
        with_eda = [
            each
            for each in scored
            if each.target == target and each.experiment.inputs not in NO_EDA
        ]
        found |= holm({each: each.auc.p for each in with_eda})
    return found


def _find(scored: Iterable[Scored], name: str, target: str) -> Scored:
    return next(e for e in scored if e.experiment.name == name and e.target == target)


def _who(experiment: Experiment) -> str:
    model = f"RTCAN-1D {experiment.variant}" if experiment.model == "rtcan" else experiment.model
    return f"{model}, {SEES[experiment.inputs]}{CHANGES[experiment.change]}"


def _sees(experiment: Experiment) -> str:
    """What it sees; models of chosen features see fewer."""
    if experiment.model == "song-prior":
        return "other listeners' ratings of the song"
    names = () if experiment.model == "ridge" else find(experiment.model).features
    words = SEES[experiment.inputs]
    return words.replace("128", f"{len(names)} of 128") if names else words


def _group(group: str, scored: list[Scored]) -> str:
    rows = [each for each in scored if each.experiment.group == group]
    if not rows:
        return ""
    corrected = _corrected(scored)
    table = [
        [
            f"`{each.experiment.model}` {each.experiment.variant}".strip(),
            _sees(each.experiment),
            each.target,
            each.auc.text(),
            each.balanced_accuracy.text(1, 100),
            each.correlation.text(2),
            f"{corrected[each]:.2f}" if each in corrected else "",
        ]
        for each in rows
    ]
    columns = [
        "Model",
        "sees",
        "target",
        "AUC",
        "balanced accuracy [%]",
        "rank correlation within listeners",
        "p of the AUC, corrected",
    ]
    return f"## {GROUPS[group]}\n\n{_markdown(columns, table)}"


def _changes(results: Path, scored: list[Scored]) -> str:
    """What another choice adds, on the same folds."""
    rows = []
    for each in scored:
        if each.experiment.group not in ("listener", "design"):
            continue
        experiment = each.experiment
        plain = _plain(experiment)
        change = "", ""
        if plain is not None and is_complete(results, plain):
            pair = _common(
                tables(results, experiment, each.target), tables(results, plain, each.target)
            )
            change = tuple(
                difference(*pair, name).text(digits, factor)
                for name, digits, factor in (("auc", 3, 1), ("balanced_accuracy", 1, 100))
            )
        rows.append([_who(experiment), each.target, each.auc.text(), *change])
    columns = [
        "Model, and what it sees",
        "target",
        "AUC",
        "AUC less that of the plain model",
        "the same of balanced accuracy [points]",
    ]
    text = """## Other choices

Each is compared, on the trials that both tested, with the same model as it is by default (`ridge`,
a regression of the rating in standard deviations of the listener, with `logistic`). Normalisation
within the listener uses all recordings of a listener, also of those that are tested, and no label.

Intervals here are not corrected for their number. Whether a choice became an option of rtcan was
decided by what it gains where there is something to gain, in
[simulated listeners](howto/baselines.md#features-relative-to-the-listener): features within the
listener did (`eda-features --within-subject`). The others are in the benchmark only."""
    return f"{text}\n\n{_markdown(columns, rows)}"


def _plain(experiment: Experiment) -> Experiment | None:
    if experiment.model in PLAIN:
        return PLAIN[experiment.model]
    inputs = experiment.inputs.split("-")[0]
    inputs = "features" if inputs == "level" else inputs
    for each in EXPERIMENTS:
        same = (each.model, each.inputs, each.variant) == (
            experiment.model,
            inputs,
            experiment.variant,
        )
        if same and each.protocol == experiment.protocol and not each.change:
            return each
    return None


def _common(
    one: Sequence[pd.DataFrame], other: Sequence[pd.DataFrame]
) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Trials that both tested, seed by seed."""
    key = ["subject", "stimulus", "repetition"]
    pairs = [
        (a.merge(b[key], on=key), b.merge(a[key], on=key)) for a, b in zip(one, other, strict=True)
    ]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _adapted(results: Path) -> str:
    rows = []
    for experiment in EXPERIMENTS:
        if experiment.change != "adapted" or not is_complete(results, experiment):
            continue
        for target in TARGETS:
            seeds = tables(results, experiment, target)
            for k in ADAPTED_WITH:
                before, after = (
                    [
                        each.drop(columns="probability")
                        .rename(columns={f"{name}_{k}": "probability"})
                        .dropna(subset=["probability"])
                        for each in seeds
                    ]
                    for name in ("plain", "adapted")
                )
                change = difference(after, before, "balanced_accuracy")
                rows.append(
                    [
                        _who(experiment),
                        target,
                        k,
                        *(against_chance(side)[1].text(1, 100) for side in (before, after)),
                        change.text(1, 100),
                    ]
                )
    if not rows:
        return ""
    columns = ["Model", "target", "k", "before [%]", "adapted [%]", "difference [points]"]
    text = f"""## {GROUPS["adapted"]}

The first k trials of a listener's session are labelled, and shift the log odds of the later ones
(the most
probable shift under a standard normal prior). Balanced accuracy on the later trials, before and
after;
`majority` shows what the labels tell without any EDA."""
    return f"{text}\n\n{_markdown(columns, rows)}"


def _how(missing: list[str], results: Path) -> str:
    alike = [shared_pairs(tables(results, EXPERIMENTS[0], target)) for target in TARGETS]
    found, chance = (100 * sum(each) / len(alike) for each in zip(*alike, strict=True))
    text = f"""## How this was measured

- Each experiment was trained with {len(SEEDS)} seeds, which deal the {FOLDS} folds and draw the
  weights. Of two
  listeners whom one seed puts into the same fold, another seed does so in {found:.0f} % of pairs
  ({chance:.0f} % by chance). Scores are means
  over seeds; intervals (95 %) are over listeners, from the [bootstrap of
  `evaluate`](howto/statistics.md) with the same
  listeners drawn for all seeds. AUC is averaged over folds, since each fold has its own model. The
  rank correlation is
  Spearman's, between the answer and the rating, within each listener, averaged over listeners.
- A validation fold selects the epoch of networks and the setting of models that have several. No
  choice was made on
  test folds. Recipe `tuned`, 256 samples (half of the recordings have fewer than 176), 3 s of
  onset left out.
- P values are two-sided, by Student's t over listeners, corrected by Holm's method for all AUCs
  with EDA of a target.
- Labels are those of `rtcan relabel`: high or low relative to the listener.
- With `subject+stimulus`, each seed tests about a fifth of the trials, others each time. Intervals
  are then as wide as
  those of one seed.
- Networks are not trained again in the bootstrap, and songs are not resampled: intervals are over
  listeners only.
- An SVM gives all trials of a fold one answer where its validation fold shows no relation (Platt's
  scaling); its AUC is
  then exactly 0.5, and its interval too narrow. It happens here in about half of the folds.
- Thresholds between low and high come from all ratings of a listener. Under `stimulus`, labels of
  training trials thus
  depend a little on ratings of test songs.
- Adaptation takes the first k usable trials of a session; listeners with fewer are left out (22 or
  23 remain). That
  `majority` falls below 50 % for valence comes from the order in the session: the first songs are
  rated unlike the later
  ones.
- The rank correlation leaves out a listener whose two ratings are equal. Under `stimulus` it pools
  answers of five
  models.
- Music features are not among the inputs, since the dataset has links to its songs and not the
  songs.

To repeat it: `bash benchmarks/real_scores.sh`.

## The blind test

Six listeners of HKU956 are kept aside. `bash benchmarks/blind_hku956.sh TRAIN TEST` trains the
models that were chosen before (no EDA: `majority`, `song-prior`, `duration-prior`; EDA: `svm-eda`,
`logistic`, `boosting` and RTCAN-1D Rf) on the listeners in TRAIN, answers to those in TEST, and
prints one table. It refuses listeners or recordings that are in both. The test to look at is the
AUC of RTCAN-1D Rf, for arousal and for valence; the other rows are for comparison, and priors also
answer to trials without usable EDA. The answer to a trial is the mean of the five models of the
folds, so its scores are not those of this page. With six listeners, only an AUC of about 0.63 would
be found with a power of 80 %: the test can refute a large effect, and cannot show a small one. It
has been run with 20 listeners for training and four others for testing, to see that it works; the
six have not been scored with it yet."""
    if missing:
        text += "\n\nNot measured, for lack of computing time: "
        text += f"{', '.join(f'`{each}`' for each in missing)}."
    return text


def _flow(text: str) -> str:
    """The text with paragraphs and lists in lines of one width; tables and titles as they are."""
    fill = partial(fill_lines, width=112, break_long_words=False, break_on_hyphens=False)
    blocks = []
    for block in text.split("\n\n"):
        if block.startswith("- "):
            items = block.removeprefix("- ").split("\n- ")
            own = [fill(f"- {' '.join(item.split())}", subsequent_indent="  ") for item in items]
            blocks.append("\n".join(own))
        elif block.startswith(("|", "#", "<!--")):
            blocks.append(block)
        else:
            blocks.append(fill(" ".join(block.split())))
    return "\n\n".join(blocks)


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
