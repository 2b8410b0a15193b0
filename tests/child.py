"""A program in a process of its own that has the libraries loaded already.

To load PyTorch and the others takes seconds; a fork of this process has them at once. To those
that interrupt or kill it, it is a process like any other. What the tests have changed in their own
process (`tests/conftest.py`) is changed there too. Programs with workers are better started afresh:
it is their workers that load the libraries.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

_SECONDS = 60.0


class Child:
    """A Python program in a session of its own, begun as if by ``python -c``.

    Parameters
    ----------
    program : str
        The program.
    arguments : str
        What is typed behind it.
    """

    def __init__(self, program: str, *arguments: str) -> None:
        self.returncode: int | None = None
        self._said = [tempfile.TemporaryFile() for _ in ("out", "err")]  # noqa: SIM115
        interrupts = {signal.SIGINT, signal.SIGTERM}
        # A child that is hit before it is on its own would go on as the tests.
        signal.pthread_sigmask(signal.SIG_BLOCK, interrupts)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                self._begin(program, arguments, interrupts)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupts)

    def _begin(self, program: str, arguments: tuple[str, ...], blocked: set[int]) -> NoReturn:
        code = 1
        try:
            os.setsid()
            atexit._clear()  # what the tests do at their end
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number, file in enumerate(self._said, start=1):
                os.dup2(file.fileno(), number)
            sys.stdin = os.fdopen(0, closefd=False)
            sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False) for n in (1, 2))
            sys.argv = ["-c", *arguments]
            signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
            exec(compile(program, "<string>", "exec"), {"__name__": "__main__"})
            code = 0
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            # As at the end of an interpreter.
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def poll(self) -> int | None:
        """How it ended, as of `subprocess.Popen`; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def ended(self) -> subprocess.CompletedProcess[str]:
        """Wait for its end; it is killed after a minute."""
        deadline = time.monotonic() + _SECONDS
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            raise AssertionError("it did not end within a minute")
        texts = []
        for file in self._said:
            file.seek(0)
            texts.append(file.read().decode())
            file.close()
        return subprocess.CompletedProcess([], self.returncode, *texts)

    def stopped(self, begun: Callable[[], bool], number: int) -> subprocess.CompletedProcess[str]:
        """Send it a signal as soon as it has begun something, and wait for its end."""
        deadline = time.monotonic() + _SECONDS
        while self.poll() is None and not begun() and time.monotonic() < deadline:
            time.sleep(0.005)
        assert self.poll() is None, f"it ended before it could be stopped: {self.ended().stderr}"
        if not begun():
            os.killpg(self.pid, signal.SIGKILL)
            raise AssertionError("it began nothing within a minute")
        os.kill(self.pid, number)
        return self.ended()


def killed(patch: str, *arguments: str | Path) -> None:
    """Run a command that kills itself at some point, without any chance to tidy up."""
    code = f"import os, signal\n{patch}\nfrom rtcan_cli.app import main\nmain()\n"
    result = Child(code, *map(str, arguments)).ended()
    assert result.returncode == -signal.SIGKILL, result.stderr
