"""What differs between systems: as it is here, and as far as Windows and macOS can be imitated."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rtcan_cli
from rtcan_cli import platforms
from tests.like_windows import like_windows, run_like_windows

#: No process has such a number: Linux ends at 4,194,304.
NOBODY = 4_194_305
PACKAGE = Path(rtcan_cli.__file__).parent


def test_windows_is_imitated(tmp_path: Path) -> None:
    """What the other tests of this kind rely on."""
    code = """
import importlib, io, os, pathlib, sys

def refused(error, action, *arguments):
    try:
        action(*arguments)
    except error:
        return True
    return False

ours = {"__name__": "rtcan_cli.a"}
exec("import os, signal, sys", ours)
assert sys.platform != "win32" and ours["sys"].platform == "win32"
assert refused(ImportError, exec, "import fcntl", ours)
assert refused(ImportError, exec, "from resource import getrusage", ours)
assert refused(AttributeError, lambda: ours["os"].O_NOFOLLOW)
assert refused(AttributeError, lambda: ours["os"].getuid)
assert refused(AttributeError, lambda: ours["signal"].SIGALRM)
assert refused(AttributeError, lambda: ours["signal"].pthread_sigmask)
assert ours["os"].O_RDONLY == os.O_RDONLY and ours["signal"].SIGTERM
assert refused(PermissionError, ours["os"].open, ".", os.O_RDONLY)
here = os.open(".", os.O_RDONLY)
assert refused(NotImplementedError, lambda: ours["os"].unlink("a", dir_fd=here))
assert refused(TypeError, ours["os"].listdir, here)
os.close(here)

path = pathlib.Path("a.txt")
with path.open("w") as file:
    assert refused(PermissionError, path.unlink)
    assert refused(PermissionError, path.rename, "b.txt")
    pathlib.Path("c.txt").touch()
    assert refused(PermissionError, pathlib.Path("c.txt").replace, path)
assert refused(OSError, pathlib.Path("A.txt").touch)
assert refused(OSError, pathlib.Path("nul.txt").touch)
assert refused(OSError, pathlib.Path("a:b").mkdir)
pathlib.Path("c.txt").replace(path)
with path.open("rb") as file:
    assert refused(OSError, os.fsync, file.fileno())
path.unlink()
assert os.listdir() == []
"""
    run_like_windows(tmp_path, code)


def test_every_module_can_be_imported_like_on_windows(tmp_path: Path) -> None:
    code = """
import importlib, pkgutil, rtcan_cli

names = [each.name for each in pkgutil.walk_packages(rtcan_cli.__path__, "rtcan_cli.")]
for name in names:
    if name != "rtcan_cli.__main__":
        importlib.import_module(name)
print(len(names))
"""
    done = run_like_windows(tmp_path, code)
    assert int(done.stdout) == len(list(PACKAGE.rglob("*.py"))) - 1


_MODULES = {"fcntl", "grp", "msvcrt", "posix", "pwd", "resource", "termios", "psutil"}


def test_one_module_knows_the_differences() -> None:
    """Others may ask which system it is, but what only one system has is called here alone."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {(path.relative_to(PACKAGE).as_posix(), name) for name in names}
    assert {file for file, name in found if name in _MODULES} == {"platforms.py"}


LOCK = """
import os, sys, time
from rtcan_cli import platforms
descriptor = os.open("lock", os.O_RDWR | os.O_CREAT)
os.write(descriptor, b"me")
try:
    platforms.lock(descriptor)
except BlockingIOError:
    print("refused", flush=True)
else:
    print("locked", os.lseek(descriptor, 0, os.SEEK_CUR), flush=True)
    sys.stdin.readline()
    if sys.argv[1:] == ["unlock"]:
        platforms.unlock(descriptor)
        print("unlocked", flush=True)
        sys.stdin.readline()
"""


@pytest.mark.parametrize("system", ["this one", "like Windows"])
@pytest.mark.parametrize("end", ["unlock", "kill"])
def test_a_lock_is_of_one_process_and_ends_with_it(tmp_path: Path, system: str, end: str) -> None:
    environment = like_windows(tmp_path) if system != "this one" else None
    command = [sys.executable, "-c", LOCK, end]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, cwd=tmp_path, env=environment, **streams)  # type: ignore[call-overload,no-any-return]

    first = start()
    assert first.stdout.readline() == "locked 2\n"  # what is read and written goes on there
    second = start()
    assert second.communicate()[0] == "refused\n"
    # Not even on Windows, where locked bytes cannot be read, is what is written in it hidden.
    assert (tmp_path / "lock").read_bytes() == b"me"
    if end == "kill":
        first.kill()
        first.wait()
    else:
        first.stdin.write("\n")
        first.stdin.flush()
        assert first.stdout.readline() == "unlocked\n"
    third = start()
    assert third.stdout.readline() == "locked 2\n"
    for each in (first, third):
        each.kill()
        each.communicate()


def test_processes_are_looked_for_without_disturbing_them(tmp_path: Path) -> None:
    assert platforms.is_running(os.getpid())
    assert not platforms.is_running(NOBODY)
    assert not platforms.is_running(10**30)
    # Where `os.kill(number, 0)` would be Ctrl-C; imitated, it fails.
    code = f"""
import os
from rtcan_cli import platforms
assert platforms.is_running(os.getpid()) and not platforms.is_running({NOBODY})
assert 1e8 < platforms.machine_memory() < 1e14
platforms.wait_for_end_of_parent({NOBODY})
"""
    run_like_windows(tmp_path, code)


def test_memory_is_that_of_this_machine() -> None:
    psutil = pytest.importorskip("psutil")
    assert platforms.machine_memory() == psutil.virtual_memory().total


def test_workers_end_with_their_caller_like_on_windows(tmp_path: Path) -> None:
    """There, the number of the parent stays the same when that has ended."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os, time\n"
        "from rtcan_cli.parallel import map_unordered\n"
        "def work(x):\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(600)\n"
        "if __name__ == '__main__':\n"
        "    list(map_unordered(work, [1, 2], 2))\n",
        encoding="utf-8",
    )
    command = [sys.executable, str(script)]
    caller = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=like_windows(tmp_path)
    )
    assert caller.stdout is not None
    workers = [int(caller.stdout.readline()) for _ in range(2)]
    assert all(map(platforms.is_running, workers))
    caller.kill()
    caller.wait()
    deadline = time.monotonic() + 60
    while any(map(platforms.is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(platforms.is_running, workers))


def test_a_file_in_use_is_waited_for_where_it_cannot_be_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []

    def action() -> str:
        calls.append(None)
        if len(calls) < 3:
            raise PermissionError
        return "done"

    monkeypatch.setattr(platforms, "_WAIT_SECONDS", 0)
    monkeypatch.setattr(platforms, "OPEN_FILES_STAY", False)
    with pytest.raises(PermissionError):  # here, waiting changes nothing
        platforms.patiently(action)
    monkeypatch.setattr(platforms, "OPEN_FILES_STAY", True)
    assert platforms.patiently(action) == "done"
    calls[:] = []
    monkeypatch.setattr(platforms, "_TRIES", 1)
    with pytest.raises(PermissionError):
        platforms.patiently(action)
    assert len(calls) == 2


@pytest.mark.parametrize("knows", [True, False])
def test_macos_is_asked_to_reach_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, knows: bool
) -> None:
    import fcntl

    asked = []

    def control(descriptor: int, what: int) -> int:
        asked.append(what)
        if not knows:
            raise OSError("a network drive")
        return 0

    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", control)
    monkeypatch.setattr(os, "fsync", lambda descriptor: asked.append("fsync"))
    with (tmp_path / "a").open("wb") as file, monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "darwin")
        platforms.flush(file.fileno())
    assert asked == ([51] if knows else [51, "fsync"])


def test_the_code_is_checked_for_each_system() -> None:
    """What a system lacks, mypy finds, if it is run for that system."""
    makefile = (PACKAGE.parent / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"mypy --platform (\w+)", makefile)) == {"win32", "darwin"}


def _writes_text(call: ast.Call) -> bool:
    """Whether a call writes a text file."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in ("open", "fdopen"):
        return name == "write_text"
    given = [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
    modes = [str(each.value) for each in given if isinstance(each, ast.Constant)]
    return any(re.fullmatch("[wax][t+]*", mode) for mode in modes)


def test_lines_end_alike_on_all_systems() -> None:
    """Equal data give equal files: Windows would write two characters at the end of each line."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _writes_text(node):
                found.append((f"{path}:{node.lineno}", {word.arg for word in node.keywords}))
    assert found
    assert [place for place, words in found if "newline" not in words] == []
