"""What rtcan tells its users to type: every such line is read, and run or carried out."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rtcan_cli
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.results.base import Result
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.training.plan import RunRequest
from rtcan_cli.stores import Workspace
from rtcan_cli.stores.workspace import content_id
from rtcan_cli.training.recipes import RECIPES
from tests.commands.any_result import any_result
from tests.commands.printed import GROUP, commands_of_notes, lines_in, lines_of, read
from tests.conftest import SMALL_TRAINING, SONG, SUBJECT, Outcome, must, rtcan
from tests.runs.finished_runs import finish_run
from tests.stores.test_content import write_recordings

#: Every line that is printed for a workspace is run, which takes seconds.
LONG = pytest.mark.long
PACKAGE = Path(rtcan_cli.__file__).parent
REPORT = ("report", "--json")
ALL_TABLES = ("compare", "--table", "1,2,3,4,5,6", "--json")
#: What is printed of a workspace, whatever it holds.
LOOKING = (
    ("info", "--json"),
    ALL_TABLES,
    ("compare", "--leakage", "--json"),
    ("compare", "--figure", "3,4,5,8", "--json"),
    ("evaluate", "--json"),
    ("evaluate", "no-such-run"),
    ("gradcam", "--subject", "nobody", "--music", "1"),
    ("gradcam", "--all", "--target", "arousal"),
    ("gradcam", "--check", "--target", "valence"),
    ("predict", "--dataset", "pmemo", "--json"),
    ("show", f"{SUBJECT}:{SONG}", "--json"),
    ("listen", f"{SUBJECT}:{SONG}", "--json"),
    ("export", "--onnx", "x.onnx"),
    ("train", "--dataset", "pmemo", "--splits-from", "no-such-run"),
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written elsewhere, no variable names a workspace, and figures cost no time."""
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **__: None)
    monkeypatch.setattr("matplotlib.figure.Figure.draw_without_rendering", lambda *_: None)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.delenv("RTCAN_WORKSPACE", raising=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, RunSettings]]:
    """What `train` is asked for; it is not trained."""
    found: list[tuple[Path, RunSettings]] = []

    def trained(requests: list[RunRequest], *_: Any) -> Result:
        found.extend((request.output, request.settings) for request in requests)
        return any_result()

    monkeypatch.setattr("rtcan_cli.steps.training.train.train_runs", trained)
    return found


def look_at(root: Path, *commands: tuple[str, ...]) -> list[Outcome]:
    outcomes = [rtcan(*command, "-w", root) for command in commands or LOOKING]
    for outcome in outcomes:
        assert outcome.exit_code in (0, 1), outcome.stderr
        assert "unexpected" not in outcome.stderr
    return outcomes


def finish(path: Path, settings: RunSettings) -> None:
    """Put a run of these settings where it belongs, without training."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = {name: getattr(settings, name) for name in RunSettings.__dataclass_fields__}
    stores, dataset = Workspace(path.parents[2]), path.parent.parent.name
    inputs = {kind: content_id(stores.store(dataset, kind)) for kind in ("components", "labels")}
    made_from = {kind: found for kind, found in inputs.items() if found is not None}
    finish_run(path.parent, path.stem, dataset=dataset, inputs=made_from, **fields)


def ingested(root: Path, dataset: str) -> Path:
    """A workspace that knows a dataset; returns where its runs are."""
    runs = root / dataset / "runs"
    runs.mkdir(parents=True)
    write_recordings(root / dataset / "recordings.h5").__exit__(None, None, None)
    return runs


def nothing(root: Path) -> None:
    root.mkdir()


def nothing_trained(root: Path) -> None:
    ingested(root, "pmemo")


def two_datasets(root: Path) -> None:
    """With runs of one name, so that the name alone does not tell which is meant."""
    for dataset, variant in (("pmemo", "Rf"), ("deap", "Re")):
        finish_run(
            ingested(root, dataset), "same", dataset=dataset, spec=ModelSpec(variant, length=96)
        )


def baselines_newest(root: Path) -> None:
    runs = ingested(root, "pmemo")
    finish_run(runs, "network", onset=4.0)
    for model in ("svm-eda", "majority"):
        finish_run(runs, model, spec=ModelSpec(model=model), recipe=None, onset=0.0)


def one_target(root: Path) -> None:
    finish_run(ingested(root, "pmemo"), "valence only", targets=("valence",), fusion="music")


def odd_protocols(root: Path) -> None:
    """Models that only some protocols suit, and runs of a few folds."""
    runs = ingested(root, "pmemo")
    prior = {"spec": ModelSpec(model="subject-prior"), "recipe": None}
    finish_run(runs, "prior", protocol="trial", **prior)
    finish_run(runs, "one fold", folds=(2,), test_subject="S01")
    finish_run(runs, "small", subjects="40%", seed=7, n_folds=4)


def own_data(root: Path) -> None:
    runs = ingested(root, "table")
    finish_run(runs, "own", dataset="table")
    finish_run(runs, "other", dataset="table", fusion="music", skill=0.5)


WORKSPACES = (
    nothing,
    nothing_trained,
    own_data,
    *(
        pytest.param(made, marks=LONG)
        for made in (one_target, two_datasets, baselines_newest, odd_protocols)
    ),
)


@pytest.mark.parametrize("made", WORKSPACES)
def test_every_line_can_be_typed(
    made: Callable[[Path], None], tmp_path: Path, asked: list[tuple[Path, RunSettings]]
) -> None:
    root = tmp_path / "a workspace"
    made(root)
    outcomes = look_at(root)
    reports = look_at(root, REPORT) if made in (nothing_trained, one_target) else []
    for line in commands_of_notes(*outcomes, *reports):
        assert line.startswith("rtcan ")
        read(shlex.split(line)[1:])  # as a whole: no words around it
    lines = lines_of(*outcomes)
    assert lines
    for words in lines:
        read(words)
        place = [*words, "", ""][words.index("--workspace") + 1] if "--workspace" in words else ""
        assert place == str(root) or words[0] in ("models", "simulate"), words
        if words[0] == "train":
            asked.clear()
            must(*words)
            assert asked
        elif words[0] in ("info", "models") or (made is two_datasets and words[0] == "evaluate"):
            must(*words)


@pytest.mark.parametrize(
    ("made", "number"),
    [
        (baselines_newest, 4),
        (one_target, 5),
        (nothing_trained, 5),
        pytest.param(two_datasets, 3, marks=LONG),
        pytest.param(two_datasets, 6, marks=LONG),
        pytest.param(baselines_newest, 6, marks=LONG),
        pytest.param(one_target, 3, marks=LONG),
    ],
)
def test_the_lines_of_a_table_fill_it_and_ask_for_no_more(
    made: Callable[[Path], None],
    number: int,
    tmp_path: Path,
    asked: list[tuple[Path, RunSettings]],
) -> None:
    root = tmp_path / "a workspace"
    made(root)
    there = [Run.load(path) for path in Workspace(root).runs()]
    command = ("compare", "--table", str(number), "--json")
    lines = [words for words in lines_of(*look_at(root, command)) if words[0] == "train"]
    for words in lines:
        must(*words)
    assert len({path for path, _ in asked}) == len(asked)
    for path, settings in asked:
        same = [run.settings for run in there if run.dataset.name == path.parts[-3]]
        network = next((each for each in same if each.spec.model == "rtcan"), None)
        if network is None:
            assert settings.recipe in (None, RECIPES["paper"])
            assert (settings.n_folds, settings.seed) == (10, 0)
            continue
        assert (settings.n_folds, settings.seed) == (network.n_folds, network.seed)
        assert settings.recipe in (None, network.recipe)
        assert (settings.recipe is not None) == settings.model.is_network
        if settings.model.sees(settings.fusion) == "signals":
            assert settings.onset == network.onset
            assert settings.spec.length == network.spec.length
        assert settings not in same
        finish(path, settings)
    if any(run.model_name == "rtcan" for run in there):
        (after,) = look_at(root, command)
        assert not [words for words in lines_of(after) if words[0] == "train"]


def test_settings_of_a_baseline_are_not_asked_of_a_network(tmp_path: Path) -> None:
    baselines_newest(tmp_path / "w")
    (outcome,) = look_at(
        tmp_path / "w", ("compare", "--table", "5", "--dataset", "pmemo", "--json")
    )
    (line,) = (words for words in lines_of(outcome) if words[0] == "train")
    assert line[1 : line.index("--workspace")] == [
        *("--dataset", "pmemo", "--variant", "base,Ra,Rb,Rc,Rd,Re,Rf", "--fusion", "music"),
        *("--recipe", "tuned", "--folds", "5", "--length", "96", "--onset", "4.0"),
    ]


@pytest.mark.long
def test_a_name_that_two_datasets_have_is_told_apart(tmp_path: Path) -> None:
    root = tmp_path / "w"
    two_datasets(root)
    outcome = rtcan("evaluate", "same", "-w", root)
    assert outcome.exit_code == 1
    hint = outcome.stderr.split("try: its file instead of its name: ")[1]
    for path in hint.split(" or "):
        must("evaluate", path.strip(), "-w", root)


@pytest.fixture
def one_network(prepared: Path, tmp_path: Path) -> Path:
    """A workspace whose only network tells valence."""
    root = Path(shutil.copytree(prepared, tmp_path / "a workspace"))
    must("train", "-w", root, "--target", "valence", "--name", "my run", *SMALL_TRAINING)
    return root


@pytest.mark.long
def test_gradcam_names_another_trial_or_another_target(one_network: Path) -> None:
    ask = ("gradcam", "--subject", SUBJECT, "--music", SONG, "-w", one_network)
    refused = rtcan(*ask, "--target", "arousal")
    assert refused.exit_code == 1
    assert "predicts valence, not arousal" in refused.stderr
    assert "the same command with --target valence" in refused.stderr
    assert f"--subject {SUBJECT}" not in refused.stderr
    must(*ask, "--target", "valence")
    both = must(*ask, "--target", "both")
    assert "arousal: the run does not predict it" in both.stdout
    for words in lines_of(refused, both):
        read(words)
    unknown = rtcan("gradcam", "--subject", SUBJECT, "--music", "999", "-w", one_network)
    assert unknown.exit_code == 1


@pytest.mark.long
def test_a_trial_that_is_tested_for_the_other_target_alone_is_not_named_again(
    prepared: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(prepared, tmp_path / "a workspace"))
    must("train", "-w", root, "--test-subject", SUBJECT, *SMALL_TRAINING)
    run = Run.load(Workspace(root).runs()[0])
    tested = run.predictions.dropna(subset=["probability"])
    other = next(s for s in run.predictions["subject"] if s not in set(tested["subject"]))
    ask = ("gradcam", "--subject", other, "--music", SONG, "--target", "arousal", "-w", root)
    outcome = rtcan(*ask)
    assert outcome.exit_code == 1
    (line,) = lines_of(outcome)
    assert line[line.index("--subject") + 1] != other
    must(*line)


@pytest.mark.long
def test_the_next_command_leads_from_raw_files_to_scores(
    raw_pmemo: Path, tmp_path: Path, asked: list[tuple[Path, RunSettings]]
) -> None:
    root = tmp_path / "a workspace"
    words: list[str] = []
    for _ in range(8):
        (words, *_) = lines_of(rtcan("info", "-w", root, "--json"))
        assert read(words)
        raw = [str(raw_pmemo) if word == "RAW" else word for word in words]
        must(*raw)
        for path, settings in asked:
            finish(path, settings)
        asked.clear()
        if words[0] == "compare":
            break
        if words[0] == "evaluate":
            finish(root / "pmemo" / "runs" / "another.h5", settings)
    assert words[0] == "compare"


def test_stale_stores_and_runs_are_made_again_as_they_were(
    one_network: Path, asked: list[tuple[Path, RunSettings]]
) -> None:
    must("relabel", "-w", one_network, "--method", "median")
    (line,) = lines_of(rtcan("info", "-w", one_network, "--json"))
    before = Run.load(one_network / "pmemo" / "runs" / "my run.h5")
    must(*line)
    assert asked == [(before.path, before.settings)]


def test_examples_in_the_help_can_be_typed() -> None:
    # What an example of train reads.
    Path("fused.toml").write_text("epochs = 3\n", encoding="utf-8")
    for name, command in GROUP.commands.items():  # type: ignore[attr-defined]
        text = command.help or ""
        examples = [line for line in text.splitlines() if line.strip().startswith("rtcan ")]
        assert examples, name
        for example in examples:
            (words,) = lines_in(example)
            assert words[0] == name
            read(words)


def test_lines_are_made_in_one_place() -> None:
    """No text of the package puts a line together by hand."""
    names = "|".join(map(re.escape, GROUP.commands))  # type: ignore[attr-defined]
    by_hand = re.compile(rf"rtcan ({names})\b")
    #: Words about a command, which nobody is to type.
    mentions = (
        "`rtcan train` line that began",
        "Models that rtcan train --model knows",
        "rtcan models lists them. Default",
        "the first in rtcan models,",
    )
    found = []
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documentation = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                told = by_hand.search(node.value)
                known = any(mention in node.value for mention in mentions)
                if told and not known and id(node) not in documentation:
                    found.append(f"{path}:{node.lineno}: {node.value}")
    assert not found, "\n".join(found)
