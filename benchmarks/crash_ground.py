"""A tiny workspace, the commands that change it, and what is left of it: for `crashes`."""

from __future__ import annotations

import atexit
import hashlib
import os
import resource
import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from rtcan_cli.stores import Store

SIZE = ("--subjects", "9", "--stimuli", "8", "--duration", "10")
STORES = ("-w", "stores")
OLDER = ("-w", "older", "-o", "figures")
FIGURES = (*STORES, "-o", "figures")
SMALL = ("--recipe", "tuned", "--folds", "3", "--length", "96", "--target", "arousal")
SMALL += ("--channels", "8,8,8,8")
TRAINING = (*SMALL, "--variant", "base", "--name", "run")
TRIAL = ("Rb", "--subject", "100184", "--music", "1")
ANSWERS = ("Rb", "--dataset", "pmemo", "-o", "answers/answers.csv")
GRAPH = ("Rb", "--torchscript", "graphs/arousal.ts")
#: Seconds; longer than any command here takes on a busy machine.
PATIENCE = 300.0
#: Workers look that often whether their caller is still there, and some more.
WORKERS_END = 8.0
_INTERRUPTS = {signal.SIGINT, signal.SIGTERM}


@dataclass(frozen=True)
class Case:
    """A command, what it makes, and the arguments that make something else in the same place."""

    name: str
    product: str
    arguments: tuple[str, ...]
    other: tuple[str, ...]
    has_jobs: bool = False
    afresh: bool = False
    """Whether what it writes depends on what its process has done before: PyTorch counts up the
    names in a traced network."""

    def command(self, jobs: int, other: bool = False) -> tuple[str, ...]:
        """The command line."""
        arguments = self.other if other else self.arguments
        return (self.name, *arguments, *(("-j", str(jobs)) if self.has_jobs else ()))


CASES = (
    Case("simulate", "new", ("pmemo", "new", *SIZE, "--force"),
         ("pmemo", "new", *SIZE, "--seed", "5", "--force"), True),
    Case("ingest", "stores/pmemo/recordings.h5", ("pmemo", "raw", *STORES),
         ("pmemo", "raw-older", *STORES), True),
    Case("relabel", "stores/pmemo/labels.h5", STORES, (*STORES, "--method", "median")),
    Case("decompose", "stores/pmemo/components.h5", STORES, (*STORES, "--gamma", "0.02"), True),
    Case("eda-features", "stores/pmemo/features.h5", STORES, (*STORES, "--onset", "1"), True),
    Case("music-features", "stores/pmemo/music.h5", STORES,
         ("-w", "another", "-o", "stores/pmemo/music.h5"), True),
    Case("train", "stores/pmemo/runs/run.h5", (*STORES, *TRAINING, "--epochs", "3"),
         (*STORES, *TRAINING, "--epochs", "1"), True),
    Case("import-checkpoint", "stores/pmemo/runs/theirs.h5",
         ("arousal.pt", *STORES, "--name", "theirs"),
         ("arousal.pt", *STORES, "--name", "theirs", "--onset", "1")),
    Case("evaluate", "figures", ("Rb", *FIGURES), ("Rb", *OLDER)),
    Case("gradcam", "figures", (*TRIAL, *FIGURES), (*TRIAL, *OLDER)),
    Case("predict", "answers", (*ANSWERS, *STORES), (*ANSWERS, "-w", "older")),
    Case("export", "graphs", (*GRAPH, *STORES), (*GRAPH, "-w", "older"), afresh=True),
    Case("compare", "figures", ("Rb", "Rd", *FIGURES), ("Rb", "Rd", *OLDER)),
)  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    """Exit code, or minus the signal."""
    errors: str
    seconds: float
    left_over: tuple[int, ...]
    """Processes of its session that were still there a while later."""


class Running:
    """A command in a session of its own, with the libraries loaded or started afresh."""

    def __init__(
        self, work: Path, arguments: tuple[str, ...], cold: bool = False, largest: int = -1
    ) -> None:
        self._log = work.with_name(f"stderr-{time.monotonic_ns()}")
        self._log.touch()  # it may be killed before it does anything
        # A child that is hit before it is on its own would go on as this process.
        signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTS)
            return
        code = 70
        try:  # only the child gets here, and never leaves
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTS)
            code = self._run(work, arguments, cold, largest)
        finally:
            # As at the end of an interpreter, but nothing of the process that was forked is undone.
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
            sys.stderr.flush()
            os._exit(code)

    def _run(self, work: Path, arguments: tuple[str, ...], cold: bool, largest: int) -> int:
        os.setsid()
        os.chdir(work)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(self._log, os.O_WRONLY | os.O_APPEND), 2)
        sys.stdout, sys.stderr = (os.fdopen(fd, "w", closefd=False) for fd in (1, 2))
        if largest >= 0:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        if cold:
            os.execv(sys.executable, [sys.executable, "-m", "rtcan_cli", *arguments])
        sys.argv = ["rtcan", *arguments]
        from rtcan_cli.app import main

        try:
            main()
        except SystemExit as ending:
            return int(ending.code or 0)
        return 0

    def is_over(self) -> bool:
        """Whether it has ended; it is not waited for."""
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None

    def wait(self) -> Ended:
        """Wait for its end, and for that of its processes."""
        while not self.is_over() and time.monotonic() < self.started + PATIENCE:
            time.sleep(0.002)
        seconds = time.monotonic() - self.started
        if not self.is_over():
            os.killpg(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        deadline = time.monotonic() + WORKERS_END
        while (left := in_session(self.pid)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        errors = self._log.read_text(errors="replace")
        self._log.unlink()
        return Ended(os.waitstatus_to_exitcode(status), errors, seconds, tuple(left))


def in_session(session: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for entry in os.listdir("/proc"):
        with suppress(OSError, ValueError):
            text = (
                Path("/proc", entry, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            )
            if int(text[3]) == session and text[0] != "Z":
                found.append(int(entry))
    return found


def workers(session: int) -> list[int]:
    """Processes of a session that compute for its first one."""
    found = []
    for pid in in_session(session):
        with suppress(OSError):
            if b"popen_loky" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


State = dict[str, str]


def state(work: Path) -> State:
    """Every file that is not temporary, and a fingerprint of it; a store's is its content id.

    Raises
    ------
    RtcanError
        If a store cannot be read from end to end, or is not what its content id says.
    """
    found = {}
    for path in sorted(work.rglob("*")):
        if path.is_file() and not is_temporary(path.relative_to(work)):
            if path.suffix == ".h5":
                with Store(path) as store:
                    store.verify()
                    found[str(path.relative_to(work))] = store.content_id
            else:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(path.relative_to(work))] = digest
    return found


def is_temporary(path: Path) -> bool:
    """Whether it is no result: half-written, finished work of an unfinished step, a lock."""
    return any(
        part.startswith(".") or ".tmp-" in part or part.endswith(".partial") for part in path.parts
    )


def temporary(work: Path) -> list[str]:
    """What is there besides results."""
    every = (path.relative_to(work) for path in work.rglob("*"))
    return sorted(str(path) for path in every if is_temporary(path))


def between(found: State, before: State, after: State) -> list[str]:
    """Files that are neither as before nor as after."""
    names = found.keys() | before.keys() | after.keys()
    return sorted(n for n in names if found.get(n) not in (before.get(n), after.get(n)))


@dataclass(frozen=True)
class Beginning:
    """Where a command starts from, and what it makes there undisturbed."""

    folder: Path
    before: State
    done: Path
    after: State
    seconds: dict[int, float]
    """Time it takes, by number of jobs."""


class Ground:
    """The folders that commands work in."""

    def __init__(self, place: Path, cases: Sequence[Case] = CASES, cold: bool = False) -> None:
        self.place, self.cold = place, cold
        self.work = place / "work"
        self.work.mkdir()
        self._beginnings: dict[tuple[str, bool], Beginning] = {}
        self._prepare({case.name for case in cases})
        shutil.copytree(self.work, self.place / "prepared")

    def must(self, *arguments: str) -> None:
        """Run a command that has to succeed, here: so this process has all that it loads."""
        from typer.testing import CliRunner

        from rtcan_cli.app import app

        before = Path.cwd()
        os.chdir(self.work)
        try:
            result = CliRunner().invoke(app, arguments)
        finally:
            os.chdir(before)
        if result.exit_code:
            raise SystemExit(f"rtcan {' '.join(arguments)} failed:\n{result.stderr}")

    def _prepare(self, names: set[str]) -> None:
        """Make what the commands need."""
        self.must("simulate", "pmemo", "raw", *SIZE, "-j", "1")
        self.must("simulate", "pmemo", "raw-older", *SIZE, "--seed", "7", "-j", "1")
        self.must("ingest", "pmemo", "raw", *STORES, "-j", "1")
        if names <= {"simulate", "ingest"}:
            return
        self.must("relabel", *STORES)
        self.must("decompose", *STORES, "-j", "1")
        if names <= {"simulate", "ingest", "relabel", "decompose", "eda-features"}:
            return
        self.must("music-features", *STORES, "-j", "1")
        self.must("ingest", "pmemo", "raw-older", "-w", "another", "-j", "1")
        save_checkpoint(self.work / "arousal.pt")
        shutil.copytree(self.work / "stores", self.work / "older")
        for workspace, seed in (("older", "9"), ("stores", "0")):
            for variant in ("Rb", "Rd"):
                named = ("--variant", variant, "--name", variant, "--seed", seed, "--epochs", "1")
                self.must("train", "-w", workspace, *SMALL, *named, "-j", "1")

    def beginning(self, case: Case, older: bool) -> Beginning:
        """Where a command starts from: with nothing in its place, or with something older."""
        key = (case.name, older)
        if key not in self._beginnings:
            nothing = self.beginning(case, older=False) if older else None
            self.reset(self.place / "prepared")
            remove(self.work / case.product)
            if older:
                ended = self.start(case, other=True).wait()
                assert ended.code == 0, ended.errors
            folder = self.work.parent / f"{case.name}-{'older' if older else 'nothing'}"
            shutil.copytree(self.work, folder)
            before = state(self.work)
            if not older:
                self.must(*case.command(1))  # what it loads is loaded from here on
                self.reset(folder)
            ended = self.start(case).wait()
            assert ended.code == 0, ended.errors
            after = state(self.work)
            assert nothing is None or after == nothing.after, f"{case.name}: uses what was there"
            assert after != before, f"{case.name}: an old state that is the new one"
            done = folder.with_name(f"{folder.name}-done")
            shutil.copytree(self.work, done)
            self._beginnings[key] = Beginning(folder, before, done, after, {1: ended.seconds})
        return self._beginnings[key]

    def start(
        self, case: Case, jobs: int = 1, *, other: bool = False, largest: int = -1
    ) -> Running:
        """Start a command."""
        cold = self.cold or case.afresh
        return Running(self.work, case.command(jobs, other), cold, largest)

    def seconds(self, case: Case, start: Beginning, jobs: int) -> float:
        """How long a command takes from there."""
        if jobs not in start.seconds:
            self.reset(start.folder)
            ended = self.start(case, jobs).wait()
            assert (ended.code, state(self.work)) == (0, start.after), ended.errors
            start.seconds[jobs] = ended.seconds
        return start.seconds[jobs]

    def at(self, work: Path) -> Ground:
        """The same ground, with another folder to work in."""
        other = copy(self)
        other.work, other._beginnings = work, {}
        work.mkdir()
        return other

    def reset(self, folder: Path) -> None:
        """Begin anew."""
        shutil.rmtree(self.work)
        shutil.copytree(folder, self.work)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def save_checkpoint(path: Path) -> None:
    """A network of the published layout, with random weights."""
    import torch

    from rtcan_cli.models.rtcan.released import (
        CHANNEL_ORDER,
        ReleasedRTCAN,
        to_released_state_dict,
    )

    torch.manual_seed(0)
    torch.save(to_released_state_dict(ReleasedRTCAN("Rf"), CHANNEL_ORDER["pmemo"]), path)
