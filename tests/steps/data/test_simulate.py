from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtcan_cli import views
from rtcan_cli.errors import RtcanError
from rtcan_cli.simulate.sizes import Size
from rtcan_cli.steps.data.simulate import simulate_raw
from tests.conftest import must, rtcan

SMALL = Size(3, 3, 6.0)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["deap", "amigos", "pmemo"])
def test_the_number_of_processes_changes_no_byte(name: str, tmp_path: Path) -> None:
    for jobs in (1, 2):
        simulate_raw(*(name, tmp_path / str(jobs), SMALL, 3), faults=True, truth=True, jobs=jobs)
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


def test_another_simulation_is_kept_unless_forced(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    made = simulate_raw("deap", raw, SMALL, jobs=1)
    assert (made.n_subjects, made.n_stimuli, made.seconds) == (3, 3, 6)
    assert made.written is not None
    assert (made.written.n_trials, made.written.n_faults) == (9, None)
    before = digests(raw)
    files = [path for path in raw.rglob("*") if path.is_file()]
    assert made.written.n_files == len(files)
    assert made.written.n_bytes == sum(path.stat().st_size for path in files)
    again = simulate_raw("deap", raw, SMALL, jobs=1)
    assert (again.written, again.notes) == (None, made.notes)
    assert made.notes[0].command == f"rtcan ingest deap {raw}"
    assert "megabytes" in views.page(made).facts
    assert "megabytes" not in views.page(again).facts
    with pytest.raises(
        RtcanError, match=r"another simulation \(of other faults, truth\)"
    ) as caught:
        simulate_raw("deap", raw, SMALL, faults=True, truth=True, jobs=1)
    assert "--force" in str(caught.value.hint)
    assert digests(raw) == before
    simulate_raw("deap", raw, SMALL, faults=True, truth=True, force=True, jobs=1)
    with pytest.raises(RtcanError, match="of other faults, truth"):
        simulate_raw("deap", raw, SMALL, jobs=1)


def test_files_of_an_earlier_model_are_not_taken_for_the_same(tmp_path: Path) -> None:
    simulate_raw("deap", tmp_path / "raw", SMALL, jobs=1)
    marker = tmp_path / "raw" / "SIMULATED.json"
    content = json.loads(marker.read_text())
    assert content.pop("rtcan_version")
    marker.write_text(json.dumps(content))
    simulate_raw("deap", tmp_path / "raw", SMALL, jobs=1)
    content["model_version"] -= 1
    marker.write_text(json.dumps(content))
    with pytest.raises(RtcanError, match=r"of other model_version\)"):
        simulate_raw("deap", tmp_path / "raw", SMALL, jobs=1)


@pytest.mark.long
def test_the_command_writes_the_published_layout(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    options = ("--scale", "full", "--subjects", "3", "--stimuli", "12", "--duration", "16")
    outcome = must("simulate", "pmemo", raw, *options, "--faults", "--jobs", "1")
    assert (raw / "PMEmo" / "Chorus" / "11.mp3").is_file()
    assert not (raw / "PMEmo" / "Annotations" / "Arousal" / "11-A.csv").exists()
    assert "faults" in outcome.stdout
    assert rtcan("simulate", "pmemo", raw, "--scale", "huge").exit_code == 2


@pytest.mark.long
def test_lengths_as_published(tmp_path: Path) -> None:
    size = Size(2, 4, None)
    result = simulate_raw("pmemo", tmp_path / "raw", size, scale="full", jobs=1)
    assert result.seconds is None
    assert views.page(result).facts["seconds each"] == "as published"
    rows = (tmp_path / "raw" / "PMEmo" / "metadata.csv").read_text().splitlines()[1:]
    assert len({row.split(",")[5] for row in rows}) == 4


@pytest.mark.long
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_leaves_nothing(tmp_path: Path, jobs: str) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "rtcan_cli", "simulate", "pmemo", str(tmp_path / "raw")),
            *("--subjects", "2", "--stimuli", "2000", "--duration", "20", "--jobs", jobs),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that starts jobs in the background has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if len(list(tmp_path.rglob("*.mp3"))) >= 2:
                break
            time.sleep(0.01)
        assert process.poll() is None, process.communicate()[1]
        os.killpg(process.pid, signal.SIGINT)
        # Workers hold the pipes as well: this returns when they are gone, too.
        _, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())
