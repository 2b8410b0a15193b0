"""A tiny simulated workspace that tests of whole commands share, and a way to run commands."""

from __future__ import annotations

import functools
import gc
import hashlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import hypothesis
import joblib
import pytest
import typer
from typer.testing import CliRunner

from rtcan_cli import platforms

if TYPE_CHECKING:
    import numpy as np
    import opensmile
    import pandas as pd

# Read before any numerical library is loaded, and in place of what the shell has: tests are small,
# and a process with threads cannot be forked safely (`tests/child.py`).
os.environ["OMP_NUM_THREADS"] = "1"
# Modules of numerical libraries are a million objects that stay; Python looks through them all each
# time that it searches for rings of objects nobody uses. Rarely is enough: 5 % less time.
gc.set_threshold(10_000, 20, 20)
# On a busy machine an example may take many times as long as usual.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

SUBJECT, SONG = "100184", "1"
#: Which music features there are in the tests, and how many these are.
FEATURES_KEPT, N_MUSIC = slice(None, None, 100), 64
_SHORT_TRAINING = (
    *("--recipe", "tuned", "--folds", "3", "--length", "96", "--epochs", "2"),
    *("--jobs", "1"),
)
SMALL_TRAINING = ("--channels", "8,8,8,8", *_SHORT_TRAINING)
#: Of the runs of `trained`: networks as wide as the paper's, since they stand beside its tables.
AS_TRAINED = ("--fusion", "music", *_SHORT_TRAINING)


#: What needs one of these is long: the processes of a cluster, and a report of all there is.
LONG_FIXTURES = {"scheduler_file", "whole_report"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark tests whose fixtures take long."""
    for item in items:
        if LONG_FIXTURES & {*item.fixturenames}:
            item.add_marker(pytest.mark.long)


def pytest_collection_finish() -> None:
    """Leave all that is loaded by now, a million objects, out of searches for unused ones.

    Each of these takes a third of a second otherwise, and pytest itself makes several at its end.
    """
    gc.freeze()


@dataclass(frozen=True)
class Outcome:
    """What a command left on the terminal."""

    exit_code: int
    stdout: str
    stderr: str


def rtcan(*arguments: str | Path) -> Outcome:
    """Run a command in this process, as the shell would."""
    from rtcan_cli.app import app

    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return Outcome(result.exit_code, result.stdout, result.stderr)


def must(*arguments: str | Path) -> Outcome:
    """Run a command that has to succeed."""
    outcome = rtcan(*arguments)
    assert outcome.exit_code == 0, outcome.stderr
    return outcome


def put_text(h5: h5py.File, path: str, row: int, text: str) -> None:
    """Change one text of a store, whose texts are only as long as the longest."""
    values = h5[path].asstr()[()]
    values[row] = text
    del h5[path]
    encoded = [value.encode() for value in values]
    h5.create_dataset(path, data=encoded, dtype=f"S{max(map(len, encoded))}")


@pytest.fixture(autouse=True)
def _interrupts_are_heard() -> Iterator[None]:
    """SIGINT interrupts, also where the tests themselves were started with it ignored.

    That is how a script starts what runs in its background (``make test &``), and programs that a
    test starts would inherit it.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def _letters_as_users_get_them() -> Iterator[object]:
    """Write letters into PDFs as type 3, which is quick, and give the type that users get.

    To cut the fonts of type 42 takes longer than all else of a figure. ``tests/plots`` does it.
    """
    from rtcan_cli.plots import style

    with pytest.MonkeyPatch.context() as patch:
        before = style._RC["pdf.fonttype"]
        patch.setitem(style._RC, "pdf.fonttype", 3)
        yield before


@pytest.fixture(scope="session", autouse=True)
def _one_format_is_drawn() -> Iterator[None]:
    """Draw figures as PNG, and leave SVG and PDF files empty: drawing is most of their time.

    ``tests/plots`` and the tests that ask for ``every_format`` draw them all.
    """
    from matplotlib.figure import Figure

    drawn = Figure.savefig

    @functools.wraps(drawn)
    def only_png(figure: Figure, buffer: object, **options: object) -> None:
        if options.get("format") not in ("svg", "pdf"):
            drawn(figure, buffer, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", only_png)
        yield


@contextmanager
def in_every_format() -> Iterator[None]:
    """Draw figures in each format."""
    from matplotlib.figure import Figure

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", Figure.savefig.__wrapped__)  # type: ignore[attr-defined]
        yield


@pytest.fixture
def every_format() -> Iterator[None]:
    """Figures are drawn in each format in this test."""
    with in_every_format():
        yield


class FewFeatures:
    """openSMILE's answers, of which one in a hundred is kept.

    A network with all 6373 spends most of its time on the music, and so do its stores. openSMILE
    takes 0.2 s for a song, and many tests have the same songs.
    """

    def __init__(self, smile: opensmile.Smile) -> None:
        self._smile = smile
        self._known: dict[tuple[bytes, int], pd.DataFrame] = {}
        self.feature_names = smile.feature_names[FEATURES_KEPT]

    def process_signal(self, samples: np.ndarray, rate: int) -> pd.DataFrame:
        song = hashlib.sha256(samples.tobytes()).digest(), rate
        if song not in self._known:
            self._known[song] = self._smile.process_signal(samples, rate).iloc[:, FEATURES_KEPT]
        return self._known[song].copy()


@pytest.fixture(scope="session", autouse=True)
def _music_has_few_features() -> Iterator[None]:
    """Describe songs by 64 features; `every_feature` describes them by all."""
    from rtcan_cli import music

    few = functools.cache(lambda name: FewFeatures(few.__wrapped__(name)))
    functools.update_wrapper(few, music._smile)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(music, "_smile", few)
        yield


@contextmanager
def with_every_feature() -> Iterator[None]:
    """Describe songs by all features, as worker processes do in any case."""
    from rtcan_cli import music

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(music, "_smile", music._smile.__wrapped__)
        yield


@pytest.fixture
def every_feature() -> Iterator[None]:
    """Songs are described by all features in this test."""
    with with_every_feature():
        yield


@pytest.fixture(scope="session", autouse=True)
def _commands_are_read_once() -> Iterator[None]:
    """Make a click command of the app once, not each time that a test calls it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def _nobody_waits_for_the_disk() -> Iterator[None]:
    """Leave it to the system when files get to the disk: it matters only if power fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _every_core_is_this_process() -> Iterator[None]:
    """Let steps that may take every core work here: worker processes load PyTorch for seconds.

    The tests share the machine already. Those that are about workers ask for two.
    """
    usual = joblib.effective_n_jobs

    def one_for_all(n_jobs: int = -1) -> int:
        return 1 if n_jobs == -1 else int(usual(n_jobs))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joblib, "effective_n_jobs", one_for_all)
        yield


@contextmanager
def without_drawing() -> Iterator[None]:
    """Build figures and write their files, but leave the files empty.

    For what looks at numbers and words. ``tests/plots``, ``tests/commands/test_chain.py`` and the
    tests of each figure's step draw.
    """

    def write_nothing(figure: object, buffer: object, **options: object) -> None:
        pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", write_nothing)
        patch.setattr("matplotlib.figure.Figure.draw_without_rendering", lambda figure: None)
        # Nothing has its place before it is drawn.
        patch.setattr("rtcan_cli.plots.save._has_room", lambda figure: True)
        yield


@pytest.fixture
def undrawn() -> Iterator[None]:
    """Figures cost no time in this test."""
    with without_drawing():
        yield


def made_once(name: str, factory: pytest.TempPathFactory, make: Callable[[Path], None]) -> Path:
    """Make a folder that all processes of pytest-xdist share, in the one that needs it first."""
    place = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    folder, made = place / name, place / f"{name} is made"
    with (place / f"{name}.lock").open("w") as lock:
        while True:
            with suppress(BlockingIOError):
                platforms.lock(lock.fileno())
                break
            time.sleep(0.05)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def raw_pmemo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files of a few simulated listeners and songs, in the layout of PMEmo 2018."""

    def make(folder: Path) -> None:
        size = ("--subjects", "9", "--stimuli", "8", "--duration", "14")
        must("simulate", "pmemo", folder / "pmemo", *size)

    return made_once("raw", tmp_path_factory, make) / "pmemo"


@pytest.fixture(scope="session")
def prepared(raw_pmemo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with every step before training done. Not to be written to."""

    def make(workspace: Path) -> None:
        must("ingest", "pmemo", raw_pmemo, "-w", workspace)
        must("relabel", "-w", workspace)
        must("decompose", "-w", workspace, "--jobs", "1")
        must("music-features", "-w", workspace, "--jobs", "1")

    return made_once("prepared", tmp_path_factory, make)


@pytest.fixture(scope="session")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three runs that differ only in their variant. Not to be written to."""

    def make(workspace: Path) -> None:
        shutil.copytree(prepared, workspace)
        for variant in ("Rb", "Rd"):
            options = ("--variant", variant, "--test-subject", SUBJECT)
            must("train", "-w", workspace, *AS_TRAINED, *options)
        must("train", "-w", workspace, *AS_TRAINED)

    return made_once("trained", tmp_path_factory, make)


@pytest.fixture(scope="session")
def full_run(trained: Path) -> Path:
    """The run of `trained` with all parts of RTCAN-1D."""
    (path,) = (trained / "pmemo" / "runs").glob("Rf-*.h5")
    return path


@pytest.fixture(scope="session")
def song(raw_pmemo: Path) -> Path:
    """The audio file of one of the songs."""
    return min(raw_pmemo.rglob("*.mp3"))


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """Copy a shared workspace, to be changed at will."""

    def copy(workspace: Path) -> Path:
        return Path(shutil.copytree(workspace, tmp_path / "workspace"))

    return copy
