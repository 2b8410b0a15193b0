"""A model card in Markdown, with the head that Hugging Face's model cards have.

Sources: Mitchell et al., Model cards for model reporting, FAT* 2019; Hugging Face Hub, "Model
Cards" (fields of the head) and "Model card metadata" (``model-index``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import pandas as pd

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.deployment.card import ModelCard
from rtcan_cli.results.scores.evaluation import Evaluation
from rtcan_cli.views.files import in_markdown
from rtcan_cli.views.html.origin import settings_in_words
from rtcan_cli.views.run import protocol_in_words
from rtcan_cli.views.scores.evaluation import PERCENT, PLAIN

#: Notes of `evaluate` that are about all trials of a run, and name no subject.
_SAID = (
    "judgement",
    "single_test",
    "held_out",
    "untrained_folds",
    "never_tested",
    "thresholds",
    "not_held_out",
)
_BY_CHANCE = "ece_if_calibrated"
_NAMES = {name: words for name, words in {**PERCENT, **PLAIN}.items() if name != _BY_CHANCE}
#: What high and low are, by the method of the labels.
_LABELS = {
    **dict.fromkeys(
        ("kmeans", "median", "mean"),
        "High and low are relative to the ratings of the same listener.",
    ),
    "fixed": "High is a rating above the centre of the rating scale, for all listeners alike.",
    "stimulus-mean": (
        "High and low are those of the stimulus, by the published mean of its ratings: they are "
        "the same for all listeners, whatever each of them felt."
    ),
    "import": (
        "High and low were taken from a table of labels; how they were made, its source has to say."
    ),
}
#: What listeners did, by what a stimulus is called.
_MET = {
    "song": "heard a song",
    "video": "watched a video",
    "condition": "went through a condition of the study",
    "stimulus": "heard or saw a stimulus",
}
_RTCAN = "RTCAN-1D"
_NOT_KNOWN = (
    "How high and low were told apart is not known, as the labels that the run was trained on were "
    "not there when this card was written."
)
_OPENSMILE = (
    "The music features are openSMILE's. Its licence (audEERING Research License Agreement) does "
    "not allow commercial use, and counts models trained on its features as use."
)
_EMBEDDINGS = "The music features were made by a model with a licence of its own; see its source."


def write_card(card: ModelCard, weights: Path, path: Path) -> None:
    """Write a model card for a file of weights."""
    write_whole(path, markdown(card, weights.name))


def markdown(card: ModelCard, weights: str) -> str:
    """The text of a model card.

    Parameters
    ----------
    card : ModelCard
        What it says.
    weights : str
        Name of the file that it is about.
    """
    blocks = [_head(card), f"# {in_markdown(_title(card))}"]
    if card.evaluation.run.simulated:
        blocks.append(
            "**Trained and tested on simulated data. The scores say nothing about real people, and "
            "the models are of no use for them.**"
        )
    for title, lines in (
        ("What it is", _what(card)),
        ("Data", _data(card)),
        ("How it was tested", _protocol(card)),
        ("Scores", _scores(card)),
        ("Calibration", _calibration(card)),
        ("Training", _training(card)),
        ("What it must not be used for", _limits(card)),
        ("Licence", _licence(card)),
        ("What to cite", _citations(card)),
        ("How to load it", _loading(card, weights)),
    ):
        blocks += [f"## {title}", *lines]
    return "\n\n".join(blocks) + "\n"


def _title(card: ModelCard) -> str:
    run = card.evaluation.run
    data = profile(run.dataset).title + (", simulated data" if run.simulated else "")
    return f"High or low {card.target}: {_model(card)} ({data})"


def _model(card: ModelCard) -> str:
    """Name of the model, with that of the network where tables know it by its variant."""
    run = card.evaluation.run
    name = card.architecture.split(", ")[0]
    return f"{name} {run.model}" if name == _RTCAN else run.model


def _is_open(card: ModelCard) -> bool:
    """Whether neither data nor features restrict the use of the models."""
    return card.evaluation.run.simulated and not card.music


def _license_name(card: ModelCard) -> str:
    """What restricts the use: the terms of the data, of the music features, or both."""
    terms = [] if card.evaluation.run.simulated else [card.evaluation.run.dataset]
    if card.music:
        terms.append("opensmile" if _is_opensmile(card) else "music-features")
    return f"terms-of-{'-and-'.join(terms)}"


def _is_opensmile(card: ModelCard) -> bool:
    return card.music in get_args(choices.FeatureSet)


def _head(card: ModelCard) -> str:
    """The head in YAML, of which JSON is a part."""
    run = card.evaluation.run
    tags = ["electrodermal-activity", "affective-computing", "emotion-recognition", card.target]
    tags += ["music"] * bool(card.music) + ["simulated"] * run.simulated
    lines: dict[str, object] = {
        "library_name": "rtcan",
        "license": "mit" if _is_open(card) else "other",
        **({} if _is_open(card) else {"license_name": _license_name(card)}),
        "tags": tags,
    }
    results = list(_metrics(card))
    if results:
        name = profile(run.dataset).title + (" (simulated)" if run.simulated else "")
        lines["model-index"] = [
            {
                "name": run.name,
                "results": [
                    {
                        "task": {"type": "time-series-classification"},
                        "dataset": {"name": name, "type": run.dataset},
                        "metrics": results,
                    }
                ],
            }
        ]
    body = "\n".join(f"{name}: {json.dumps(value)}" for name, value in lines.items())
    return f"---\n{body}\n---"


def _rows(card: ModelCard) -> pd.DataFrame:
    scores = card.evaluation.scores
    scores = scores[scores["target"] == card.target]
    return scores[scores["score"] != _BY_CHANCE] if "score" in scores else scores


def _metrics(card: ModelCard) -> Iterator[dict[str, object]]:
    """Held-out scores, as `evaluate` gives them."""
    if not isinstance(card.evaluation, Evaluation):
        return
    for row in _rows(card).itertuples():
        if pd.notna(row.estimate):
            name = _NAMES[str(row.score)]
            if _is_part(card):
                name += f" (of the models of all {card.n_trained} folds)"
            yield {"type": row.score, "value": float(row.estimate), "name": name}


def _is_part(card: ModelCard) -> bool:
    """Whether the file has the model of one fold, but the scores are of several."""
    return len(card.folds) == 1 < card.n_trained


def _what(card: ModelCard) -> Iterator[str]:
    kind = "network" if card.is_network else "model"
    held = (
        f"the {kind} of fold {card.folds[0]} of {card.n_trained}"
        if len(card.folds) == 1
        else f"the {kind}s of {len(card.folds)} folds; the answer is the mean of their "
        "probabilities"
    )
    run = card.evaluation.run
    yield (
        f"The file contains {held}. Each answers with the probability that a listener's "
        f"{card.target} was high while they {_met(card)}. " + _LABELS.get(card.labels, _NOT_KNOWN)
    )
    yield _list(
        {
            "model": f"{card.architecture} (source: {card.source})",
            "model and inputs, as rtcan's tables name them": run.model,
            "run": f"{run.name} (content id {card.content_id})",
            "made by": f"rtcan {card.version}",
            **{f"input {name}": words for name, words in card.inputs.items()},
            **({"music features": card.music} if card.music else {}),
        }
    )


def _met(card: ModelCard) -> str:
    return _MET[profile(card.evaluation.run.dataset).stimulus_word]


def _data(card: ModelCard) -> Iterator[str]:
    run = card.evaluation.run
    title = profile(run.dataset).title
    yield _list(
        {
            "dataset": f"{title}, simulated by rtcan" if run.simulated else title,
            "simulated": "yes" if run.simulated else "no",
            "subjects": card.n_subjects,
            profile(run.dataset).stimuli_word: card.n_stimuli,
            f"trials with a label of {card.target}": card.n_trials,
            "truly high": f"{100 * card.high_share:.1f} %",
        }
    )
    if card.stores:
        yield _list(
            {kind: settings_in_words(settings) for kind, settings in sorted(card.stores.items())}
        )
    else:
        yield (
            "The stores that it was trained on were not there when this card was written, so their "
            "settings are not listed."
        )


def _protocol(card: ModelCard) -> Iterator[str]:
    evaluation = card.evaluation
    if not isinstance(evaluation, Evaluation):
        yield (
            "**Not known.** The network was trained elsewhere, and the file does not say on which "
            "trials. It has no held-out scores."
        )
        return
    run, audit = evaluation.run, evaluation.audit
    audit = audit[audit["target"] == card.target]
    counts = audit[["test", "subject_in_training", "stimulus_in_training"]].sum()
    yield _list(
        {
            "protocol": protocol_in_words(run),
            "scores are of": run.tests,
            "folds": f"{card.n_trained} of {run.n_folds} trained",
            **{
                f"test trials whose {what} was also in training": (
                    f"{counts[f'{what}_in_training']} of {counts['test']}"
                )
                for what in ("subject", "stimulus")
            },
        }
    )
    checked = " and no ".join(card.held_out) or "trial"
    yield (
        f"That no {checked} is in two of the training, validation and test parts of a fold was "
        "checked before training, and again before these scores were computed. "
        + (
            ""
            if card.held_out
            else "Other trials of the same subjects and stimuli were in training: the scores say "
            "nothing about new people or new stimuli. "
        )
        + "The validation part selects the epoch; the test part is used for prediction only."
    )


def _scores(card: ModelCard) -> Iterator[str]:
    evaluation = card.evaluation
    if not isinstance(evaluation, Evaluation):
        yield "**Not held-out scores**: the network may have been trained on these trials."
        rows = [
            [name, _number(_rows(card).iloc[0][score])]
            for score, name in _NAMES.items()
            if score in _rows(card)
        ]
        yield _table(["score", "all trials"], rows)
        return
    yield (
        "All held-out trials together, each predicted by the one fold that had not seen it, with "
        "95 % intervals over subjects; and mean and standard deviation over the folds. Fractions "
        "of 1."
    )
    if _is_part(card):
        yield (
            f"The file contains one model, that of fold {card.folds[0]}. These are the scores of "
            f"the models of all {card.n_trained} folds, not of this one alone."
        )
    if len(card.folds) > 1:
        yield (
            "The mean of several folds was not tested: every subject has trained some of them. "
            "These are the scores of the single models."
        )
    rows = [
        [
            _NAMES[str(row["score"])] + (" (to judge by)" if row["leading"] else ""),
            _number(row["estimate"]),
            f"{_number(row['low'])} to {_number(row['high'])}"
            if pd.notna(row["low"])
            else "not computed",
            f"{_number(row['fold_mean'])} ± {_number(row['fold_sd'])}"
            if pd.notna(row["fold_mean"])
            else "",
        ]
        for row in _rows(card).to_dict("records")
    ]
    yield _table(["score", "estimate", "95 % interval", "over folds"], rows)
    said = [
        note.text
        for note in evaluation.notes
        if (
            note.kind in _SAID
            # A note about one target begins with it.
            and not note.text.startswith(("valence:", "arousal:"))
        )
        or (note.kind in _SAID and note.text.startswith(f"{card.target}:"))
    ]
    if said:
        yield "\n".join(f"- {in_markdown(text)}" for text in said)


def _calibration(card: ModelCard) -> Iterator[str]:
    known = [each for each in card.temperatures if each is not None]
    if not known:
        yield "The probabilities are not calibrated: the file has no temperatures."
    else:
        yield (
            "Each model's logits are divided by the temperature that fits the validation trials of "
            f"its fold ({', '.join(f'{each:.3g}' for each in known)}). The errors in the table of "
            "scores (ECE, Brier score) are of the probabilities before that."
        )
    evaluation = card.evaluation
    if isinstance(evaluation, Evaluation):
        scores = evaluation.scores
        by_chance = scores[(scores["target"] == card.target) & (scores["score"] == _BY_CHANCE)]
        if len(by_chance) and pd.notna(value := by_chance["estimate"].iloc[0]):
            yield (
                "The ECE is never 0 in a finite number of trials: if these probabilities were "
                f"perfectly calibrated, it would be about {_number(value)} by chance alone. An ECE "
                "near that does not speak against their calibration."
            )


def _training(card: ModelCard) -> Iterator[str]:
    run = card.evaluation.run
    if not isinstance(card.evaluation, Evaluation):
        yield "The network was trained with the published code; its recipe is not known."
    elif card.recipe:
        numbers = {name: value for name, value in card.recipe.items() if name != "name"}
        yield f"Recipe {in_markdown(run.recipe)}: {in_markdown(settings_in_words(numbers))}."
    else:
        yield "The model fits itself and has no recipe; rtcan's command `models` describes it."


def _limits(card: ModelCard) -> Iterator[str]:
    yield "\n".join(
        f"- {text}"
        for text in (
            "Decisions about single people: medical, legal, in education, at work, in insurance. "
            "EDA shows the activity of sweat glands, not what somebody feels or means, and labels "
            "are ratings, not facts.",
            "Inferring emotions of people who have not agreed to it, such as in surveillance. In "
            "the European Union, systems that infer emotions at work or in education are "
            "prohibited, with few exceptions (Regulation (EU) 2024/1689, Article 5).",
            "Other sensors, sites, populations, stimuli or labels than those above, without a test "
            "on them (rtcan's `evaluate --on`).",
            "Claims that a score is above chance where its interval contains chance.",
            *(
                ["Anything about real people: the data are simulated."]
                if card.evaluation.run.simulated
                else []
            ),
        )
    )


def _licence(card: ModelCard) -> Iterator[str]:
    yield "The code of rtcan is under the MIT licence."
    yield f"Data: {in_markdown(card.terms)}"
    if not card.evaluation.run.simulated:
        yield (
            "What was agreed to for the data also applies to what was trained on them. Check that "
            "their terms allow you to share these weights."
        )
    if card.music:
        yield _OPENSMILE if _is_opensmile(card) else _EMBEDDINGS


def _citations(card: ModelCard) -> Iterator[str]:
    simulated = " that was simulated" if card.evaluation.run.simulated else ""
    yield f"The method{f', and the dataset{simulated}' if len(card.papers) > 1 else ''}:"
    yield "\n".join(f"- {in_markdown(text)}." for text in card.papers)


def _loading(card: ModelCard, weights: str) -> Iterator[str]:
    yield "With rtcan (`pip install 'rtcan-cli[export]'`):"
    given = ", ".join(f"{name}={name}" for name in card.inputs)
    sizes = "\n".join(f"# {name}: {words}" for name, words in card.inputs.items())
    yield (
        "```python\nfrom rtcan_cli.api import read_weights\n\n"
        f"exported = read_weights({json.dumps(weights)})\n{sizes}\n"
        f"p_high = exported.probability({given})  # float32 arrays (n, ...)\n```"
    )
    yield "Without rtcan, the numbers alone:"
    yield (
        "```python\nfrom safetensors import safe_open\n\n"
        f'with safe_open({json.dumps(weights)}, framework="numpy") as file:\n'
        "    facts = file.metadata()  # spec, temperatures, target, settings of the stores, ...\n"
        "    arrays = {name: file.get_tensor(name) for name in file.keys()}\n```"
    )
    yield (
        "Nothing in the file can be executed. New recordings have to be prepared as those of the "
        "run were, which rtcan's command `predict` does. The settings of each step are under Data"
        + (", and the EDA then becomes the input like this:" if card.preparation else ".")
    )
    if card.preparation:
        words = {"onset_seconds": "onset [s]", "length": "samples per channel"}
        yield _list({words.get(name, name): said for name, said in card.preparation.items()})


def _list(facts: Mapping[str, object]) -> str:
    return "\n".join(f"- {name}: {in_markdown(str(fact))}" for name, fact in facts.items())


def _table(heads: list[str], rows: list[list[str]]) -> str:
    rules = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rules, *rows))


def _number(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.3f}"
