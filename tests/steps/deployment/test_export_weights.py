"""Exported weights are those of the run, and the card says what `evaluate` says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.learner import WHOLE_NUMBERS
from rtcan_cli.runs.inputs import training_data
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention.networks import sources_of
from rtcan_cli.steps.deployment.card import collect_card
from rtcan_cli.stores import Workspace
from rtcan_cli.views.deployment.card import markdown
from tests.conftest import must, rtcan

pytest.importorskip("safetensors")

from safetensors import safe_open
from safetensors.numpy import save_file

from rtcan_cli.export.weights import read_weights, write_weights

KEYS = ["subject", "stimulus"]


@pytest.fixture(scope="module")
def run(full_run: Path) -> Run:
    return Run.load(full_run)


@pytest.fixture(scope="module")
def exported(trained: Path, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "arousal.safetensors"
    outcome = must(
        *("export", run.name, "-w", trained, "--target", "arousal", "--safetensors", path),
        "--json",
    )
    result = json.loads(outcome.stdout)
    assert result["files"] == [str(path), str(path.with_suffix(".md"))]
    (row,) = result["exports"]
    assert (row["format"], row["size"]) == ("safetensors", path.stat().st_size)
    assert row["largest_difference"] == 0
    assert path.stat().st_mode == path.with_suffix(".md").stat().st_mode
    return path


def card_of(path: Path) -> tuple[dict[str, object], str]:
    """Head and text of a card; the head is YAML whose values are JSON."""
    _, head, text = path.with_suffix(".md").read_text().split("---\n", 2)
    lines = (line.partition(": ") for line in head.splitlines())
    return {name: json.loads(value) for name, _, value in lines}, text


def test_every_number_comes_back_bit_for_bit(run: Run, exported: Path) -> None:
    found = read_weights(exported)
    assert list(found.models) == [1, 2, 3]
    for fold, model in found.models.items():
        expected = run.model_of_fold("arousal", fold)
        assert model.spec == expected.spec
        assert model.temperature == expected.temperature
        for mine, theirs in ((model.weights, expected.weights), (model.scales, expected.scales)):
            assert mine.keys() == theirs.keys()
            for name, values in mine.items():
                assert values.dtype == theirs[name].dtype
                assert values.shape == theirs[name].shape
                assert values.tobytes() == theirs[name].tobytes()


def test_predictions_are_those_of_predict(trained: Path, run: Run, exported: Path) -> None:
    answers = json.loads(
        must(
            *("predict", run.name, "-w", trained, "-d", "pmemo", "--all-folds", "--json"),
        ).stdout
    )["answers"]
    said = pd.DataFrame(answers).query("target == 'arousal'").set_index(KEYS)["probability"]
    sources = sources_of(Workspace(trained), run.path)
    data, _ = training_data(sources, "arousal", run.settings.onset, run.settings.spec.length)
    assert data.music is not None
    found = read_weights(exported).probability(data.eda[data.row], data.music[data.song])
    own = pd.Series(found, pd.MultiIndex.from_arrays([data.subject, data.stimulus], names=KEYS))
    assert len(own) == len(said)
    np.testing.assert_allclose(own[said.index], said, atol=1e-12)
    assert np.ptp(found) > 1e-3


def test_the_card_has_the_numbers_of_evaluate(
    trained: Path, run: Run, exported: Path, tmp_path: Path, undrawn: None
) -> None:
    evaluation = json.loads(
        must("evaluate", run.name, "-w", trained, "--figures-dir", tmp_path, "--json").stdout
    )
    scores = [row for row in evaluation["scores"] if row["target"] == "arousal"]
    (by_chance,) = (row for row in scores if row["score"] == "ece_if_calibrated")
    scores.remove(by_chance)
    head, text = card_of(exported)
    (index,) = head["model-index"]  # type: ignore[misc]
    (result,) = index["results"]  # type: ignore[index]
    values = {each["type"]: each["value"] for each in result["metrics"]}  # type: ignore[index]
    assert values == {row["score"]: row["estimate"] for row in scores}
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(scores)
    for row, shown in zip(scores, rows, strict=True):
        assert shown[1] == f"{row['estimate']:.3f}"
        if row["low"] is None:
            assert shown[2] == "not computed"
        else:
            assert shown[2] == f"{row['low']:.3f} to {row['high']:.3f}"
    assert "(to judge by)" in rows[0][0]
    flat = " ".join(text.split())
    trials = run.trials("arousal")
    assert f"- subjects: {trials['subject'].nunique()}" in text
    assert f"- trials with a label of arousal: {len(trials)}" in text
    assert f"test trials whose subject was also in training: 0 of {len(trials)}" in flat
    for what in ("stimulus was also in training", "summed over 3 folds, were also played"):
        assert what in flat
    assert re.search(rf"stimulus was also in training: \d+ of {len(trials)} ", flat)
    assert "# High or low arousal: RTCAN-1D Rf, EDA and music (PMEmo, simulated data)" in text
    assert "its variant Rf has channel attention after the first convolutions (SCA), " in flat
    assert "ACM Transactions on Multimedia Computing" in flat
    assert "The PMEmo Dataset for Music Emotion Recognition" in flat
    assert "was high while they heard a song. " in flat
    assert "Recipe tuned: optimizer" in flat
    with safe_open(exported, framework="numpy") as file:
        facts = file.metadata()
    for name, word in (
        ("onset_seconds", "onset [s]"),
        ("window", "window"),
        ("length", "samples per channel"),
        ("sampling", "sampling"),
    ):
        assert f"- {word}: {facts[name]}\n" in text
    assert head["license_name"] == "terms-of-opensmile"
    assert "ECE if calibrated" not in text
    assert f"it would be about {by_chance['estimate']:.3f} by chance alone" in flat
    assert "relative to the ratings of the same listener" in flat
    assert "That no subject is in two of the training, validation and test parts" in flat
    assert "not of this one alone" not in flat
    assert "simulated" in head["tags"]  # type: ignore[operator]
    assert "Trained and tested on simulated data" in flat
    assert "The data are simulated and contain no real person's data." in flat
    assert "audEERING Research License Agreement" in flat
    assert head["license"] == "other"
    assert str(trained) not in text
    assert not any(subject in text for subject in trials["subject"].unique())


def test_the_card_is_yaml_and_its_code_runs(
    exported: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    yaml = pytest.importorskip("yaml")
    head, text = card_of(exported)
    assert yaml.safe_load(exported.with_suffix(".md").read_text().split("---\n")[1]) == head
    monkeypatch.chdir(exported.parent)
    n = len(run.model_of_fold("arousal", 1).scales["music_mean"])
    names: dict[str, object] = {
        "eda": np.zeros((2, 3, 96), np.float32),
        "music": np.zeros((2, n), np.float32),
    }
    blocks = re.findall("```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "card", "exec"), names)
    assert np.shape(names["p_high"]) == (2,)
    assert names["facts"]["target"] == "arousal"  # type: ignore[index]
    arrays = names["arrays"]
    assert "fold_1.scales.music_mean" in arrays  # type: ignore[operator]


def test_one_fold_without_its_temperature(trained: Path, run: Run, tmp_path: Path) -> None:
    path, card = tmp_path / "one.safetensors", tmp_path / "README.md"
    must(
        *("export", run.name, "-w", trained, "--target", "valence", "--fold", "2"),
        *("--safetensors", path, "--card", card, "--uncalibrated"),
    )
    found = read_weights(path)
    assert list(found.models) == [2]
    assert not found.models[2].is_calibrated
    assert "not calibrated" in card.read_text()
    assert "the network of fold 2 of 3" in card.read_text()
    flat = " ".join(card.read_text().split())
    assert "These are the scores of the models of all 3 folds, not of this one alone." in flat
    assert '"name": "accuracy (of the models of all 3 folds)"' in flat.lower()


def test_a_card_that_is_there_is_replaced_only_by_its_name(
    trained: Path, run: Run, tmp_path: Path
) -> None:
    path, card = tmp_path / "x.safetensors", tmp_path / "x.md"
    card.write_text("mine")
    command = ("export", run.name, "-w", trained, "--target", "arousal", "--safetensors", path)
    outcome = rtcan(*command)
    assert outcome.exit_code == 1
    assert "x.md is there already" in " ".join(outcome.stderr.split())
    assert card.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [card]
    must(*command, "--card", card)
    assert card.read_text().startswith("---\n")


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("fixed", "High is a rating above the centre of the rating scale"),
        ("stimulus-mean", "the same for all listeners"),
        ("import", "taken from a table of labels"),
        ("", "How high and low were told apart is not known"),
    ],
)
def test_the_card_says_what_high_means(trained: Path, run: Run, method: str, said: str) -> None:
    card = collect_card(run.path, Workspace(trained), "arousal")
    assert card.labels == "kmeans"
    text = " ".join(markdown(replace(card, labels=method), "x.safetensors").split())
    assert said in text
    assert "relative to the ratings of the same listener" not in text


def test_the_card_of_other_labels_and_of_a_protocol_that_holds_out_trials_alone(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    must("relabel", "-w", workspace, "--method", "fixed")
    options = ("--model", "svm-music", "--target", "arousal", "--folds", "3", "--name", "it")
    must("train", "-w", workspace, *options, "--protocol", "trial", "--jobs", "1")
    card = collect_card(workspace / "pmemo" / "runs" / "it.h5", Workspace(workspace), "arousal")
    text = " ".join(markdown(card, "x.safetensors").split())
    assert "High is a rating above the centre of the rating scale" in text
    assert "That no trial is in two of the training" in text
    assert "Other trials of the same subjects and stimuli were in training" in text


@pytest.mark.parametrize("model", ["svm-music", "boosting"])
def test_models_that_are_not_networks(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path, model: str
) -> None:
    workspace = copy_of(prepared)
    must("eda-features", "-w", workspace, "--jobs", "1")
    options = ("--model", model, "--target", "arousal", "--folds", "3", "--name", "it")
    must("train", "-w", workspace, *options, "--jobs", "1")
    path = tmp_path / "it.safetensors"
    must("export", "it", "-w", workspace, "--safetensors", path)
    name = "intercept" if model == "svm-music" else "threshold"
    spoilt = changed(path, tmp_path / "x.safetensors", whole(f"fold_1.weights.{name}"))
    with pytest.raises(RtcanError, match=f"'{name}' are int64, not floating-point"):
        read_weights(spoilt)
    run = Run.load(workspace / "pmemo" / "runs" / "it.h5")
    for fold, found in read_weights(path).models.items():
        expected = run.model_of_fold("arousal", fold)
        assert found.weights.keys() == expected.weights.keys()
        for name, values in found.weights.items():
            assert (values.dtype.kind == "f") == (name not in WHOLE_NUMBERS)
        for name, values in found.weights.items():
            np.testing.assert_array_equal(values, expected.weights[name])


def test_a_model_without_weights_is_not_exported(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    options = ("--model", "majority", "--target", "arousal", "--folds", "3", "--name", "it")
    must("train", "-w", workspace, *options)
    outcome = rtcan("export", "it", "-w", workspace, "--safetensors", tmp_path / "it.safetensors")
    assert outcome.exit_code == 1
    assert "there is nothing to export" in outcome.stderr
    assert not list(tmp_path.glob("*.safetensors"))
    assert not list(tmp_path.glob("*.md"))


def test_the_card_needs_weights_and_a_place_of_its_own(trained: Path, run: Run) -> None:
    command = ("export", run.name, "-w", trained, "--target", "arousal")
    assert rtcan(*command, "--card", "x.md").exit_code == 2
    assert rtcan(*command, "--safetensors", "x.md").exit_code == 2


def changed(exported: Path, path: Path, spoil: Callable[[dict, dict], None]) -> Path:
    with safe_open(exported, framework="numpy") as file:
        metadata = dict(file.metadata())
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    spoil(metadata, arrays)
    save_file(arrays, path, metadata)
    return path


def wider(metadata: dict, arrays: dict) -> None:
    metadata["spec"] = metadata["spec"].replace("[64, 64, 64, 64]", "[999999999, 64, 64, 64]")


def other_model(metadata: dict, arrays: dict) -> None:
    metadata["spec"] = metadata["spec"].replace('"rtcan"', '"svn"')


def infinite(metadata: dict, arrays: dict) -> None:
    arrays["fold_1.scales.music_sd"] = arrays["fold_1.scales.music_sd"] * np.float32(np.inf)


def whole(name: str) -> Callable[[dict, dict], None]:
    """The same bytes, called whole numbers."""

    def spoil(metadata: dict, arrays: dict) -> None:
        arrays[name] = arrays[name].view(f"i{arrays[name].itemsize}")

    return spoil


def retempered(metadata: dict, text: str) -> None:
    """Another temperature of fold 1."""
    found = json.loads(metadata["temperatures"]) | {"1": "HERE"}
    metadata["temperatures"] = json.dumps(found).replace('"HERE"', text)


def twice(metadata: dict, fold: str) -> None:
    """Fold 1 once more, under the same or another number."""
    for name in ("spec", "temperatures"):
        first = json.dumps(json.loads(metadata[name])["1"])
        metadata[name] = f'{{"{fold}": {first}, {metadata[name][1:]}'


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda metadata, arrays: metadata.pop("rtcan_weights"), "not written by rtcan's export"),
        (lambda metadata, arrays: metadata.update(spec="{"), "is damaged"),
        (lambda metadata, arrays: metadata.update(spec="[" * 100_000), "is damaged"),
        (lambda metadata, arrays: metadata.update(temperatures='{"1": 1.0}'), "is damaged"),
        (lambda metadata, arrays: metadata.update(sees="all"), "does not say what its models see"),
        (lambda metadata, arrays: arrays.update(other=np.zeros(2)), "is damaged"),
        (
            lambda metadata, arrays: arrays.pop("fold_2.weights.sfe.0.weight"),
            "fold 2: .*sfe.0.weight",
        ),
        (wider, "is damaged"),
        (other_model, "is damaged|unknown model"),
        (infinite, "are not all finite"),
        (whole("fold_1.weights.sfe.0.weight"), "'sfe.0.weight' are int32"),
        (whole("fold_2.scales.music_mean"), "'music_mean' are int"),
        *(
            (lambda metadata, arrays, text=text: retempered(metadata, text), "is damaged")
            for text in ("Infinity", "NaN", "true", "5e-324", "9" * 401, "-1", '"1"')
        ),
        (lambda metadata, arrays: twice(metadata, "01"), "is damaged"),
        (lambda metadata, arrays: twice(metadata, "1"), "is damaged"),
    ],
)
def test_damaged_files_are_refused(
    exported: Path, tmp_path: Path, spoil: Callable[[dict, dict], None], message: str
) -> None:
    assert read_weights(exported)
    with pytest.raises(RtcanError, match=message):
        read_weights(changed(exported, tmp_path / "x.safetensors", spoil))


def test_other_files_are_refused(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(RtcanError, match="does not exist"):
        read_weights(tmp_path / "gone.safetensors")
    for content in (b"", b"x" * 100, exported.read_bytes()[:-10]):
        path = tmp_path / "x.safetensors"
        path.write_bytes(content)
        with pytest.raises(RtcanError, match="not a readable safetensors file"):
            read_weights(path)


def test_wrong_inputs_are_named(exported: Path) -> None:
    found = read_weights(exported)
    eda = np.zeros((2, 3, 96), np.float32)
    with pytest.raises(RtcanError, match="the models take eda and music"):
        found.probability(eda)
    with pytest.raises(RtcanError, match="music has the shape"):
        found.probability(eda, np.zeros((2, 5), np.float32))


def test_a_file_that_does_not_hold_what_was_written_is_not_kept(
    trained: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(path: Path, models: dict, sees: str, facts: dict) -> None:
        first = next(iter(models))
        name = next(iter(models[first].weights))
        weights = dict(models[first].weights)
        weights[name] = weights[name] * np.float32(1 + 1e-6)
        write_weights(path, models | {first: replace(models[first], weights=weights)}, sees, facts)

    monkeypatch.setattr("rtcan_cli.export.weights.write_weights", spoilt)
    path = tmp_path / "x.safetensors"
    outcome = rtcan(
        *("export", run.name, "-w", trained, "--target", "arousal", "--safetensors", path)
    )
    assert outcome.exit_code == 1
    assert "does not hold what was written" in outcome.stderr
    assert not list(tmp_path.iterdir())
