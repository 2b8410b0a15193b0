"""A finished step stays finished, whatever becomes of what it prints."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

TITLE = "Björk – Jóga ♥ \udcff"
"""Letters that cp1252 has, letters that it lacks, and a byte of a file name that is not UTF-8."""

ROOT = str(Path(__file__).parents[3])
PROGRAM = textwrap.dedent(
    f"""
    import pathlib
    import sys

    sys.path.append({ROOT!r})  # of the tests

    from rtcan_cli import app, console
    from rtcan_cli.commands.shell.command import command
    from tests.commands.any_result import any_result

    TITLE = {TITLE!r}

    def step(done: pathlib.Path) -> object:
        for _ in range(3000):  # more than a pipe holds
            console.say("working on " + TITLE)
        console.warn("about " + TITLE)
        done.touch()
        return any_result(TITLE, n_lines=3000)

    app.app.command("step")(command(step))
    app.main()
    """
)


def step(
    tmp_path: Path, rest: str = "", **environment: str
) -> tuple[subprocess.CompletedProcess[str], bool]:
    """Run a step from a shell; ``rest`` says what becomes of its streams."""
    done = tmp_path / "done"
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="ascii", errors="backslashreplace")
    command = shlex.join([sys.executable, str(program), "step", str(done)])
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} {rest}"],
        capture_output=True,
        encoding="latin-1",
        env={**os.environ, **environment},
        timeout=120,
    )
    return result, done.exists()


@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        ("ascii", ""),
        ("cp1252", ""),
        ("utf-8", "--json"),
        ("latin-1", ""),
        ("ascii", "--json"),
        pytest.param("utf-8", "", marks=pytest.mark.long),
        pytest.param("cp1252", "--json", marks=pytest.mark.long),
        pytest.param("latin-1", "--json", marks=pytest.mark.long),
    ],
)
def test_a_terminal_may_lack_letters(tmp_path: Path, encoding: str, options: str) -> None:
    result, done = step(tmp_path, options, PYTHONIOENCODING=encoding)
    assert (result.returncode, done) == (0, True), result.stderr
    out = result.stdout.encode("latin-1").decode(encoding)
    if options:
        assert json.loads(out)["title"] == TITLE
    else:
        assert out.count("rk") == 3004
        # What the encoding lacks is not dropped, and not replaced by something that it is not.
        shown = TITLE.encode(encoding, errors="backslashreplace").decode(encoding)
        assert f"note: {shown}" in out


@pytest.mark.parametrize(
    "rest",
    [
        ">&-",
        "<&- >&- 2>&-",
        "| head -1",
        "2> >(head -1)",
        "2>/dev/full",
        *(
            pytest.param(each, marks=pytest.mark.long)
            for each in (
                "2>&-",
                ">&- 2>&-",
                "--json | head -c 1",
                "2>&1 | head -1",
                "2</dev/null 2>/dev/full >&-",
            )
        ),
    ],
)
def test_nobody_has_to_read(tmp_path: Path, rest: str) -> None:
    result, done = step(tmp_path, rest)
    assert done
    assert result.returncode == 0
    assert "Traceback" not in result.stderr
    assert "error" not in result.stderr


def test_a_summary_that_is_lost_is_named(tmp_path: Path) -> None:
    result, done = step(tmp_path, ">/dev/full")
    assert (result.returncode, done) == (1, True)
    assert "the step is done, but its summary could not be written" in result.stderr
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


def test_a_closed_stream_is_not_taken_by_a_file(tmp_path: Path) -> None:
    """What a C library prints would go into a store that has the descriptor of stdout."""
    code = (
        "import os; from rtcan_cli.commands.shell.streams import prepare; prepare();"
        "opened = os.open(os.devnull, os.O_RDONLY); raise SystemExit(opened <= 2)"
    )
    command = shlex.join([sys.executable, "-c", code])
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        assert subprocess.run(["bash", "-c", f"{command} {closed}"]).returncode == 0, closed


def test_a_pipe_that_breaks_in_the_work_is_an_error(tmp_path: Path) -> None:
    """Such as one to a cluster: the step did not finish."""
    program = PROGRAM.replace("done.touch()", "raise BrokenPipeError(32, 'Broken pipe')")
    result = subprocess.run(
        [sys.executable, "-c", program, "step", str(tmp_path / "done")],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "error: Broken pipe" in result.stderr


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)]
)
def test_a_signal_that_was_ignored_at_the_start_stays_ignored(tmp_path: Path, number: int) -> None:
    """As a script's shell starts what runs in the background; so other programs behave."""
    program = PROGRAM.replace("done.touch()", f"import signal; signal.raise_signal({int(number)})")
    command = shlex.join([sys.executable, "-c", program, "step", str(tmp_path / "done")])
    name = signal.Signals(number).name.removeprefix("SIG")
    ignored = subprocess.run(["bash", "-c", f"trap '' {name}; {command}"], capture_output=True)
    heard = subprocess.run(["bash", "-c", command], capture_output=True)
    assert (ignored.returncode, heard.returncode) == (0, 130)
