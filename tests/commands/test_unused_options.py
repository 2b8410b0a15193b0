"""No option is read and then ignored: in each way that a command works, it changes what is asked of
the steps, or is refused."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import click
import pytest

import rtcan_cli.commands
from rtcan_cli.commands.shell import options as shared
from rtcan_cli.commands.shell.usage import GENERAL
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.stores import Workspace
from tests.commands.any_result import any_result
from tests.commands.printed import GROUP
from tests.conftest import rtcan

#: A command line for each way in which a command works.
WAYS = (
    "simulate pmemo DIR",
    "draft-trials DIR",
    "ingest pmemo RAW",
    "ingest table RAW",
    "ingest bids RAW",
    "relabel -d pmemo",
    "relabel -d pmemo --method fixed",
    "relabel -d pmemo --import labels.csv",
    "decompose -d pmemo",
    "decompose -d pmemo --method cda",
    "decompose -d pmemo --method median",
    "eda-features -d pmemo",
    "eda-features -d pmemo --cluster tcp://x:1",
    "music-features -d pmemo",
    "music-features -d pmemo --import features.csv",
    "music-features -d pmemo --import vectors.npz --model MERT",
    "train -d pmemo",
    "train -d pmemo --fusion music",
    "train -d pmemo --model svm-eda",
    "import-checkpoint net.pt -d pmemo",
    "import-checkpoint net.pt -d pmemo --output run.h5",
    "evaluate",
    "export --onnx x.onnx",
    "export --safetensors x.safetensors",
    "export-bids DIR",
    "predict --dataset pmemo",
    "predict --eda eda.csv",
    "live --file eda.csv",
    "live --lsl EDA --record recorded.csv",
    "gradcam --subject 1 --music 1",
    "gradcam --subject 1 --music 1 --relative",
    "gradcam --all",
    "gradcam --check",
    "show 1:1",
    "contributions",
    "listen 1:1",
    "compare",
    "compare --leakage",
    "compare --table 1",
    "compare --table 3",
    "compare --figure 3",
    "compare --figure 4",
    "compare --figure 5",
    "report",
    "info",
    "info store.h5",
    "info store.h5 --quality",
    "info --verify",
)
#: A value for options whose type does not tell one; others take the first that is not usual.
VALUES = {
    "--size": "7,5",
    "--column-width": "double",
    "--rating-scale": "1 7",
    "--channels": "32,32,32,32",
    "--subjects": "40%",
    "--cluster": "tcp://y:1",
    "--device": "cuda:1",
    "--model": "logistic",
    "--fusion": "music",
    "--layout": "released",
    "--variant": "Ra",
    "--recipe": "tuned",
    "--protocol": "trial",
    "--table": "5",
    "--figure": "6",
    "--splits-from": "other.h5",
    "--unit": "Ohm",
    "--plot": "2:1",
    "--gpu": "1",
    "--alpha": "0.5",
    "--output": "other.html",
}
#: Where rtcan looks for what is not named by its path; a line may always say it.
_CONTEXT = {"--workspace", "--dataset"}
#: `--config` is a file of other options, `--save-config` a file that is written of them.
_NOT_OF_A_STEP = {"--config", "--save-config"}


def _value(option: click.Parameter) -> list[str]:
    name = max(option.opts, key=len)
    if getattr(option, "is_flag", False):
        return []
    if name in VALUES:
        return VALUES[name].split(" ")
    if hasattr(option, "type"):  # Typer took its types from Click once
        choices = getattr(option.type, "choices", ())
        is_number = option.type.name.startswith(("integer", "float"))
    else:
        kind = option.type_descriptor.annotation
        choices, is_number = get_args(kind), kind in (int, float)
    if choices:  # the last, as the first is usual where nothing else is said
        return [next(each for each in reversed(choices) if each != option.default)]
    if is_number:
        return ["17"]
    return ["given.h5"]


def _functions_of_steps() -> Iterator[tuple[Any, str]]:
    """The functions that commands import from steps, and that write what is asked for."""
    for path in Path(rtcan_cli.commands.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "rtcan_cli.steps"
            ):
                for each in node.names:
                    module = importlib.import_module(node.module or "")
                    found = getattr(module, each.name)
                    if inspect.isfunction(found):
                        yield module, each.name
                    elif inspect.ismodule(found):  # all of it is called by its name
                        for name, inner in vars(found).items():
                            if inspect.isfunction(inner) and inner.__module__ == found.__name__:
                                yield found, name


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What is asked of steps; none of them does anything."""
    monkeypatch.chdir(tmp_path)
    calls: list[str] = []
    checkpoint = SimpleNamespace(model=SimpleNamespace(n_music=0), run_name=lambda onset: "net")
    sources = Sources(Path("components.h5"), Path("labels.h5"))
    answers: dict[str, Any] = {
        "choose_run": Path("run.h5"),
        "newest_run": Path("run.h5"),
        "newest_fused": Path("run.h5"),
        "sources_of": sources,
        "read_checkpoint": checkpoint,
        "paper_tables": [],
        "write_paper_tables": [],
        "stores_of": [],
        "listen_to": (SimpleNamespace(trial=SimpleNamespace(stem="trial")), None, None),
        **dict.fromkeys(("plot_steps", "few_ratings", "plot_trial", "plot_quality"), ()),
    }
    doing = {"combinations", "requests_for"}  # these only work out what is asked

    def recorder(name: str) -> Callable[..., Any]:
        def record(*arguments: Any, **named: Any) -> Any:
            calls.append(f"{name}{arguments}{sorted(named.items())}")
            return answers.get(name, any_result())

        return record

    # All modules are loaded before any is changed: what they import from each other stays whole.
    functions = list(_functions_of_steps())
    for view in (
        "views.deployment.card",
        "views.files",
        "views.paper",
        "views.report",
        "views.html.document",
        "views.html.recording",
        "views.html.listening",
    ):
        importlib.import_module(f"rtcan_cli.{view}")
    for module, name in functions:
        if name not in doing:
            monkeypatch.setattr(module, name, recorder(name))
    for name in ("find_run", "dataset_of"):
        monkeypatch.setattr(shared, name, recorder(name))
    answers |= {"find_run": Path("run.h5"), "dataset_of": "pmemo"}
    monkeypatch.setattr(Workspace, "find_run", recorder("find_run"))
    monkeypatch.setattr(Workspace, "preferred_runs", lambda *_: [Path("run.h5")])
    monkeypatch.setattr(Workspace, "damaged_runs", lambda *_: [])
    device = "rtcan_cli.training.device"
    named = importlib.import_module(device).named_device
    monkeypatch.setattr(f"{device}.pick_device", lambda gpu, device: (named(gpu, device), None))
    borrow = "rtcan_cli.steps.training.requests.borrow"
    monkeypatch.setattr(borrow, lambda source, settings, *_, **__: settings)
    for name in ("rtcan_cli.views.files.with_tables", "rtcan_cli.views.paper.with_tables"):
        monkeypatch.setattr(name, recorder("with_tables"))
    monkeypatch.setattr("rtcan_cli.results.paper.joined", lambda parts: any_result())
    monkeypatch.setattr("rtcan_cli.views.report.write_tables", lambda result: None)
    monkeypatch.setattr("rtcan_cli.views.html.document.write_report", recorder("write_report"))
    monkeypatch.setattr("rtcan_cli.views.deployment.card.write_card", recorder("write_card"))
    monkeypatch.setattr("rtcan_cli.views.html.recording.write_recording", lambda result: result)
    monkeypatch.setattr("rtcan_cli.views.html.listening.write_listening", recorder("write_html"))
    return calls


@pytest.mark.parametrize("way", WAYS)
def test_an_option_is_used_or_refused(way: str, asked: list[str]) -> None:
    words = way.split()
    usual = rtcan(*words)
    assert usual.exit_code == 0, usual.stderr
    before = list(asked)
    assert before
    command = GROUP.commands[words[0]]  # type: ignore[attr-defined]
    unused = []
    for option in command.params:
        name = max(option.opts, key=len)
        general = getattr(option, "rich_help_panel", None) == GENERAL and name != "--force"
        if option.param_type_name == "argument" or general:
            continue
        if name in {*_CONTEXT, *_NOT_OF_A_STEP} or set(option.opts) & set(words):
            continue
        asked.clear()
        outcome = rtcan(*words, name, *_value(option))
        if outcome.exit_code == 0 and asked == before:
            unused.append(name)
        assert outcome.exit_code in (0, 1, 2), outcome.stderr
        assert "unexpected" not in outcome.stderr, (name, outcome.stderr)
    assert not unused
