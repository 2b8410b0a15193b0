"""Wrong paths, names, orders and files: one clear line, exit code 1 or 2, nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rtcan_cli.app import app
from rtcan_cli.stores import Store
from tests.child import Child
from tests.commands.holding import BLOCK, HOLD, HOLD_TRAINING
from tests.conftest import SMALL_TRAINING, SONG, SUBJECT, must, rtcan

COMMANDS = (
    "simulate",
    "draft-trials",
    "ingest",
    "relabel",
    "decompose",
    "eda-features",
    "music-features",
    "show",
    "models",
    "train",
    "import-checkpoint",
    "evaluate",
    "predict",
    "live",
    "export",
    "export-bids",
    "gradcam",
    "contributions",
    "listen",
    "compare",
    "report",
    "info",
)

SIX_EPOCHS = (*SMALL_TRAINING, "--epochs", "6", "--target", "arousal")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    text = must(command, "--help").stdout
    assert "Example" in text
    assert f"rtcan {command}" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest", "pmemo", "nowhere"),
        ("draft-trials", "nowhere"),
        ("draft-trials", "."),
        ("ingest", "elvis", "."),
        ("ingest", "deap", "."),
        ("simulate", "elvis", "out"),
        ("relabel",),
        ("relabel", "--dataset", "pmemo"),
        ("decompose", "--dataset", "deap"),
        ("music-features", "--dataset", "elvis"),
        ("train", "--dataset", "pmemo", "--fusion", "music", "--gpu", "0"),
        ("train", "--dataset", "pmemo", "--channels", "1,2"),
        ("evaluate",),
        ("evaluate", "no-such-run"),
        ("evaluate", "no-such-run.h5"),
        ("predict", "--dataset", "pmemo"),
        ("predict", "no-such-run", "--eda", "x.csv"),
        ("live", "no-such-run", "--file", "x.csv"),
        ("export", "--onnx", "x.onnx"),
        ("gradcam", "--subject", "1", "--music", "1"),
        ("compare",),
        ("report",),
        ("info", "nowhere.h5"),
    ],
)
def test_problems_are_one_clear_line(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = rtcan(*arguments)
    assert outcome.exit_code == 1
    assert outcome.stdout == ""
    errors = [line for line in outcome.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "Traceback" not in outcome.stderr
    assert "unexpected" not in outcome.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [("train", "--variant", "Rz"), ("relabel", "--method", "x"), ("fly",), ("export",)]
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert rtcan(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("command", "store"),
    [
        (("relabel",), "recordings"),
        (("decompose",), "recordings"),
        (("music-features",), "recordings"),
        (("train", *SMALL_TRAINING), "components"),
        (("train", *SMALL_TRAINING), "labels"),
        (("train", "--fusion", "music", *SMALL_TRAINING), "music"),
    ],
)
def test_a_truncated_store_is_named_with_the_command_that_mends_it(
    prepared: Path, copy_of: Callable[[Path], Path], command: tuple[str, ...], store: str
) -> None:
    workspace = copy_of(prepared)
    path = workspace / "pmemo" / f"{store}.h5"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    outcome = rtcan(*command, "-w", workspace)
    assert outcome.exit_code == 1
    assert f"{store}.h5: is cut off: " in outcome.stderr
    assert "try: rtcan" in outcome.stderr


def test_stores_that_do_not_belong_together_are_refused(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path
) -> None:
    workspace = copy_of(prepared)
    raw = tmp_path / "other raw"
    must("simulate", "pmemo", raw, "--subjects", "6", "--stimuli", "6", "--seed", "5")
    must("ingest", "pmemo", raw, "-w", workspace)
    must("relabel", "-w", workspace)
    outcome = rtcan("train", "-w", workspace, *SMALL_TRAINING)
    assert outcome.exit_code == 1
    assert "were not made from the same recordings" in outcome.stderr
    assert "rtcan decompose --dataset pmemo" in outcome.stderr


def test_gradcam_names_trials_it_can_show(trained: Path, tmp_path: Path) -> None:
    for subject, song in (("999", SONG), (SUBJECT, "999")):
        outcome = rtcan(
            "gradcam", "--subject", subject, "--music", song, "-w", trained, "-o", tmp_path
        )
        assert outcome.exit_code == 1
        assert "try:" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rtcan_cli", "info", str(tmp_path / "x.h5"), "--debug"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "Traceback" in result.stderr


def test_help_loads_no_numerical_library() -> None:
    code = (
        "import sys; sys.argv = ['rtcan', '--help']\n"
        "from rtcan_cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'pandas', 'opensmile', 'cvxopt', 'h5py', 'scipy', 'rich'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "compare" in result.stdout


def interrupt(
    command: list[str], begun: Callable[[], bool], program: str
) -> subprocess.CompletedProcess[str]:
    """Start a command with workers, press Ctrl-C once it keeps work, and wait for its end."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that runs the tests in the background ignores the signal, and so would they.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while process.poll() is None and not begun():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.mark.long  # two workers, each with libraries to load
def test_decompose_goes_on_after_ctrl_c(
    prepared: Path, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.steps.signals.blocks._BLOCK", BLOCK)
    workspace = copy_of(prepared)
    path = workspace / "pmemo" / "components.h5"
    path.unlink()
    partial = path.with_name("components.h5.partial")
    command = ["decompose", "-w", str(workspace), "--jobs", "2"]
    result = interrupt(command, lambda: len(list(partial.rglob("*.npz"))) >= 3, HOLD)
    assert result.returncode == 130
    assert "Traceback" not in result.stderr
    assert not path.exists()
    assert list(partial.rglob("*.npz"))
    outcome = must(*command)
    assert "going on" in outcome.stderr
    assert Store(path).content_id == Store(prepared / "pmemo" / "components.h5").content_id
    assert not partial.exists()


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Content of a run whose training nobody stops."""
    path = tmp_path_factory.mktemp("undisturbed") / "run.h5"
    must("train", "-w", prepared, *SIX_EPOCHS, "-o", path)
    return Store(path).content_id


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.long)])
def test_train_goes_on_after_ctrl_c(
    prepared: Path, undisturbed: str, tmp_path: Path, jobs: str
) -> None:
    path = tmp_path / "again.h5"
    partial = path.with_name("again.h5.partial")
    command = ["train", "-w", str(prepared), *SIX_EPOCHS, "-o", str(path), "--jobs", jobs]
    begun = lambda: any(partial.rglob("checkpoint-arousal-1.npz"))  # noqa: E731
    if jobs == "1":
        result = Child(HOLD_TRAINING, *command).stopped(begun, signal.SIGINT)
    else:
        result = interrupt(command, begun, HOLD_TRAINING)
    assert result.returncode == 130
    assert not path.exists()
    assert "Traceback" not in result.stderr
    assert "going on" in must(*command, "--jobs", "1").stderr
    assert Store(path).content_id == undisturbed


@pytest.mark.long
def test_workers_end_when_the_command_is_killed(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    path = workspace / "killed.h5"
    partial = path.with_name("killed.h5.partial")
    options = ["train", "-w", str(workspace), "--target", "arousal", *SMALL_TRAINING]
    command = [*options, "--epochs", "200", "--jobs", "2", "-o", str(path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "rtcan_cli", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and not any(partial.rglob("checkpoint-*.npz")):
        time.sleep(0.01)
    process.kill()
    process.wait()
    for _ in range(600):
        if not running_in_session(process.pid):
            break
        time.sleep(0.1)
    assert not running_in_session(process.pid)
    assert not path.exists()


def running_in_session(session: int) -> list[str]:
    """Processes of a session that still run (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


def test_another_simulation_is_replaced_only_with_force(tmp_path: Path) -> None:
    size = ("--subjects", "2", "--stimuli", "2", "--duration", "8")
    must("simulate", "deap", tmp_path / "raw", *size)
    outcome = rtcan("simulate", "amigos", tmp_path / "raw", *size)
    assert outcome.exit_code == 1
    assert "holds another simulation (of other dataset)" in outcome.stderr
    assert list((tmp_path / "raw" / "data_preprocessed_python").iterdir())
    must("simulate", "amigos", tmp_path / "raw", *size, "--force")
    assert not (tmp_path / "raw" / "data_preprocessed_python").exists()


def test_a_trial_to_be_drawn_is_checked_before_the_work(
    prepared: Path, copy_of: Callable[[Path], Path]
) -> None:
    workspace = copy_of(prepared)
    (workspace / "pmemo" / "components.h5").unlink()
    outcome = rtcan("decompose", "-w", workspace, "--plot", "1:999")
    assert outcome.exit_code == 1
    assert "has no EDA of the trial '1:999'" in outcome.stderr
    assert not list((workspace / "pmemo").glob("components*"))


@pytest.mark.parametrize("content", [b"my thesis", None])
def test_nothing_but_a_store_of_the_same_kind_is_replaced(
    prepared: Path, tmp_path: Path, content: bytes | None
) -> None:
    recordings = prepared / "pmemo" / "recordings.h5"
    other = tmp_path / "thesis.txt"
    other.write_bytes(content if content is not None else recordings.read_bytes())
    before = other.read_bytes()
    outcome = rtcan("relabel", "--recordings-store", recordings, "-o", other, "--force")
    assert outcome.exit_code == 1
    assert "is not a labels store, and is not replaced" in outcome.stderr
    assert other.read_bytes() == before


def test_the_dataset_is_that_of_the_input_store(prepared: Path, tmp_path: Path) -> None:
    recordings = prepared / "pmemo" / "recordings.h5"
    outcome = rtcan(
        "relabel", "--dataset", "deap", "--recordings-store", recordings, "-w", tmp_path
    )
    assert outcome.exit_code == 1
    assert "is of pmemo, not of deap" in outcome.stderr
    must("relabel", "--recordings-store", recordings, "-w", tmp_path)
    assert (tmp_path / "pmemo" / "labels.h5").exists()


def test_every_command_is_covered() -> None:
    import typer

    assert set(typer.main.get_command(app).commands) == set(COMMANDS)


@pytest.mark.parametrize("force", [False, True])
def test_after_an_interrupt_force_is_named_only_if_it_was_given(
    force: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rtcan_cli.steps.data.ingest.ingest_raw", interrupted)
    ended = rtcan("ingest", "deap", tmp_path, "-w", tmp_path, *["--force"] * force)
    assert ended.exit_code == 130
    assert ended.stderr.startswith("error: interrupted\n  try: the same command again")
    assert ("--force" in ended.stderr) == force
