"""A store that was written as BIDS and read again has the same signals, ratings and labels."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.datasets.bids.writer import labels_of
from rtcan_cli.stores import Store
from tests.child import killed
from tests.conftest import must, rtcan
from tests.like_windows import POSIX_ONLY

KEYS = ("subject", "stimulus", "repetition")


def recordings(workspace: Path, dataset: str) -> dict[tuple[object, ...], tuple[object, ...]]:
    with Store(workspace / dataset / "recordings.h5", "recordings") as store:
        table = store.table("recordings")
        return {
            tuple(row[name] for name in (*KEYS, "target")): (
                store.signal("eda", index).tobytes(),
                row["sampling_rate"],
                bool(row["problem"]),
            )
            for index, row in enumerate(table.to_dict("records"))
        }


def rows(workspace: Path, dataset: str, kind: str, table: str) -> set[tuple[object, ...]]:
    with Store(workspace / dataset / f"{kind}.h5", kind) as store:
        columns = [*KEYS, "valence", "arousal"]
        found = store.table(table)[columns].fillna(-1)
        return set(found.itertuples(index=False, name=None))


def line_of(out: Path) -> list[str]:
    """The words that the README of an export says to read it with, without ``rtcan``."""
    (line,) = re.findall("To read it: rtcan (.*)", (out / "README").read_text())
    return line.replace("FOLDER", str(out)).split()


@pytest.mark.parametrize(
    ("dataset", "stated", "line", "polarity"),
    [
        ("table", (), "", "conductance"),
        ("deap", (), "", "resistance, sign flipped"),
        ("deap", ("as-is",), "--polarity as-is", "resistance, left as it is"),
        ("pmemo", (), "--unit a.u. --polarity conductance", "conductance"),
        ("amigos", (), "--unit a.u.", "not stated, left as it is"),
        (
            "amigos",
            ("resistance",),
            "--unit a.u. --polarity resistance",
            "resistance, sign flipped",
        ),
        pytest.param(
            *("amigos", ("conductance",), "--unit a.u. --polarity conductance", "conductance"),
            marks=pytest.mark.long,
        ),
        pytest.param("hku956", (), "", "conductance", marks=pytest.mark.long),
        pytest.param("wesad", (), "", "conductance", marks=pytest.mark.long),
        pytest.param("case", (), "", "conductance", marks=pytest.mark.long),
    ],
)
def test_signals_ratings_and_labels_come_back(
    tmp_path: Path, dataset: str, stated: tuple[str, ...], line: str, polarity: str
) -> None:
    size = ("--subjects", "3", "--stimuli", "4", "--duration", "12")
    must("simulate", dataset, tmp_path / "raw", *size)
    given = ("--polarity", *stated) if stated else ()
    must("ingest", dataset, tmp_path / "raw", "-w", tmp_path, *given)
    must("relabel", "-d", dataset, "-w", tmp_path)
    told = must("export-bids", tmp_path / "bids-out", "-d", dataset, "-w", tmp_path).stdout
    words = line_of(tmp_path / "bids-out")
    assert words == ["ingest", "bids", str(tmp_path / "bids-out"), *line.split()]
    typed = " ".join(["rtcan", *words, "--workspace", str(tmp_path)])
    assert f"note: next, to read it again: {typed}" in told.splitlines()
    said = must(*words, "-w", tmp_path)
    assert "(simulated)" in said.stdout
    must("relabel", "-d", "bids", "-w", tmp_path)
    own, again = (recordings(tmp_path, name) for name in (dataset, "bids"))
    assert own == again
    for kind, table in (("recordings", "trials"), ("labels", "labels")):
        assert rows(tmp_path, dataset, kind, table) == rows(tmp_path, "bids", kind, table)
    with Store(tmp_path / "bids" / "recordings.h5", "recordings") as store:
        assert set(store.array("recordings/polarity")) == {polarity}


def exported(tmp_path: Path, dataset: str, *given: str) -> Path:
    must("simulate", dataset, tmp_path / "raw", *("--subjects", "3", "--stimuli", "4"))
    must("ingest", dataset, tmp_path / "raw", "-w", tmp_path, *given)
    must("export-bids", tmp_path / "out", "-d", dataset, "-w", tmp_path)
    return tmp_path / "out"


def test_all_commands_say_the_same_of_the_unit(tmp_path: Path) -> None:
    """PMEmo's files are in microsiemens, but what its authors show of them is standardised."""
    words = "uS, offset and scale unknown"
    must("simulate", "pmemo", tmp_path / "raw", *("--subjects", "3", "--stimuli", "4"))
    given = ("-d", "pmemo", "-w", tmp_path)
    pages = [
        must("ingest", "pmemo", tmp_path / "raw", "-w", tmp_path),
        must("decompose", *given),
        must("eda-features", *given),
        must("show", "100184:1", *given, "--figures-dir", tmp_path),
        must("info", tmp_path / "pmemo" / "recordings.h5"),
        must("info", tmp_path / "pmemo" / "recordings.h5", "--quality"),
        must("export-bids", tmp_path / "out", *given),
    ]
    for page in pages:
        assert words in " ".join(page.stdout.split())
    assert words in (tmp_path / "out" / "README").read_text()


def test_the_files_say_the_polarity_themselves(tmp_path: Path) -> None:
    out = exported(tmp_path, "amigos", "--polarity", "resistance")
    must("ingest", "bids", out, "-w", tmp_path, "--unit", "a.u.")
    with (
        Store(tmp_path / "amigos" / "recordings.h5", "recordings") as own,
        Store(tmp_path / "bids" / "recordings.h5", "recordings") as again,
    ):
        assert np.corrcoef(own.signal("eda", 0), again.signal("eda", 0))[0, 1] == pytest.approx(1)
        assert set(again.array("recordings/polarity")) == {"resistance, sign flipped"}
    outcome = rtcan(
        *("ingest", "bids", out, "-w", tmp_path, "--unit", "a.u.", "--polarity", "conductance")
    )
    assert outcome.exit_code == 1
    assert "contains skin resistance, as its description says" in " ".join(outcome.stderr.split())


def test_hku956_carries_its_authors_and_licence(tmp_path: Path) -> None:
    raw = Path(__file__).parents[3] / "examples" / "data" / "hku956.zip"
    must("ingest", "hku956", raw, "-w", tmp_path)
    must("export-bids", tmp_path / "out", "-d", "hku956", "-w", tmp_path)
    about = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
    assert about["License"].startswith("CC BY-NC 4.0")
    assert about["Authors"] == ["Xiao Hu", "Fanjie Li", "Ruilun Liu"]
    assert "Authors: Xiao Hu, Fanjie Li, Ruilun Liu" in (tmp_path / "out" / "README").read_text()
    # Read and exported again, they are still there.
    must("ingest", "bids", tmp_path / "out", "-w", tmp_path)
    with Store(tmp_path / "bids" / "recordings.h5", "recordings") as store:
        parameters = store.provenance.parameters
    assert parameters["licence"] == about["License"]
    assert parameters["authors"] == about["Authors"]
    must("export-bids", tmp_path / "two", "-d", "bids", "-w", tmp_path)
    again = json.loads((tmp_path / "two" / "dataset_description.json").read_text())
    assert (again["License"], again["Authors"]) == (about["License"], about["Authors"])


@pytest.mark.parametrize(
    ("dataset", "lead", "onset"),
    [
        ("deap", 3.0, None),
        ("amigos", 5.0, 5),
        pytest.param("wesad", 0.0, 0, marks=pytest.mark.long),
    ],
)
def test_events_say_when_the_stimulus_begins(
    tmp_path: Path, dataset: str, lead: float, onset: int | None
) -> None:
    out = exported(tmp_path, dataset)
    (path, *_) = sorted(out.rglob("*_events.tsv"))
    head, line = (each.split("\t") for each in path.read_text().splitlines())
    row = dict(zip(head, line, strict=True))
    with Store(tmp_path / dataset / "recordings.h5", "recordings") as store:
        seconds = len(store.signal("eda", 0)) / store.array("recordings/sampling_rate")[0]
    assert float(row["onset"]) == lead
    assert float(row["duration"]) == pytest.approx(seconds - lead)
    assert float(row.get("recorded_before", 0)) == lead
    readme = (out / "README").read_text()
    assert re.findall(r"--onset (\d+)", readme) == ([] if onset is None else [str(onset)])
    said = must(*line_of(out), "-w", tmp_path).stdout
    assert (f"recordings begin {lead:g} s before their stimuli" in " ".join(said.split())) == (
        lead > 0
    )
    # Exported again, they say it again.
    must("export-bids", tmp_path / "two", "-d", "bids", "-w", tmp_path)
    (path, *_) = sorted((tmp_path / "two").rglob("*_events.tsv"))
    again = path.read_text().splitlines()[1].split("\t")
    assert again[:2] == [row["onset"], row["duration"]]


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A study with a gap that is repaired, one that is not, and a trial without a recording."""
    folder = tmp_path / "study"
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["subject,stimulus,valence,arousal,signal,sampling_rate,title"]
    for number, name in enumerate(("short gap", "long gap", "whole", "lost")):
        eda = 3 + np.cumsum(rng.normal(0, 0.01, 200))
        if name == "short gap":
            eda[50:53] = np.nan
        if name == "long gap":
            eda[50:90] = np.nan
        signal = "" if name == "lost" else f"{number}.csv"
        if signal:
            np.savetxt(folder / signal, eda, fmt="%.5f")
        lines.append(f"Ö {number % 2},{name},{number + 2},{8 - number},{signal},10,A\ttitle")
    (folder / "trials.csv").write_text("\n".join(lines) + "\n")
    must("ingest", "table", folder, "-w", tmp_path / "ws")
    return tmp_path / "ws"


def test_what_was_repaired_is_marked_and_what_is_left_out_stays_so(
    faulty: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = json.loads(must("export-bids", out, "-d", "table", "-w", faulty, "--json").stdout)
    assert (result["n_trials"], result["n_recordings"], result["unit"]) == (4, 3, "uS")
    assert {note["kind"] for note in result["notes"]} == {"repaired", "not_usable", "next_step"}
    marks = [
        gzip.decompress(path.read_bytes()).decode().splitlines()
        for path in sorted(out.rglob("*physio.tsv.gz"))
        if "interpolated" in path.with_name(path.name.replace(".tsv.gz", ".json")).read_text()
    ]
    assert len(marks) == 1
    assert [line.split("\t")[1] for line in marks[0]].count("1") == 3
    said = must("ingest", "bids", out, "-w", tmp_path / "again")
    assert "the column interpolated marks 3 samples" in " ".join(said.stdout.split())
    again = recordings(tmp_path / "again", "bids")
    usable = {key: each for key, each in recordings(faulty, "table").items() if not each[2]}
    assert {key[1] for key in usable} == {"short gap", "whole"}
    assert {key: again[key] for key in usable} == usable
    (left_out,) = again.keys() - usable.keys()
    assert left_out[1] == "long gap"
    assert again[left_out][2]
    assert rows(faulty, "table", "recordings", "trials") == rows(
        tmp_path / "again", "bids", "recordings", "trials"
    )


def test_the_layout_is_that_of_the_standard(faulty: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    must("export-bids", out, "-d", "table", "-w", faulty)
    about = json.loads((out / "dataset_description.json").read_text())
    assert about["BIDSVersion"]
    assert about["Simulated"] is False
    people = (out / "participants.tsv").read_text().splitlines()
    assert people == ["participant_id\toriginal_id", "sub-0\tÖ 0", "sub-1\tÖ 1"]
    names = sorted(path.name for path in (out / "sub-0" / "beh").iterdir())
    stem = "sub-0_task-stimulus_run-00"
    assert names == [
        f"{stem}{k}_{end}" for k in (1, 2) for end in ("events.tsv", "physio.json", "physio.tsv.gz")
    ]
    physio = json.loads((out / "sub-0" / "beh" / f"{stem}1_physio.json").read_text())
    assert (physio["SamplingFrequency"], physio["StartTime"]) == (10, 0)
    assert physio["Columns"] == ["eda", "interpolated"]
    assert physio["eda"]["Units"] == "uS"
    events = (out / "sub-0" / "beh" / f"{stem}1_events.tsv").read_text().splitlines()
    row = dict(zip(*(line.split("\t") for line in events), strict=True))
    assert (row["onset"], row["duration"], row["stimulus"]) == ("0.0", "20.0", "short gap")
    assert (row["valence"], row["title"]) == ("2.0", "A title")
    columns = json.loads((out / "task-stimulus_events.json").read_text())
    assert row.keys() == columns.keys()
    assert columns["valence"]["Maximum"] == 9


def test_nothing_is_written_over_or_left_behind(
    faulty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").touch()
    outcome = rtcan("export-bids", out, "-d", "table", "-w", faulty)
    assert outcome.exit_code == 1
    assert "is there already, and not empty" in outcome.stderr
    shutil.rmtree(out)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rtcan_cli.datasets.bids.writer._write_shared", full)
    before = set(tmp_path.iterdir())
    outcome = rtcan("export-bids", out, "-d", "table", "-w", faulty)
    assert outcome.exit_code == 1
    assert "No space left on device" in outcome.stderr
    assert set(tmp_path.iterdir()) == before


# What the system is asked for, and a part of the path: the first time, the command kills itself.
KILL = """
import sys
def hook(event, arguments):
    if event == {event!r} and {part!r} in os.fspath(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
"""
AFTER_THE_RENAME = """
real = os.replace
def replace(source, target, **folders):
    real(source, target, **folders)
    os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
"""


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@POSIX_ONLY
@pytest.mark.parametrize("was_there", [False, True])
@pytest.mark.parametrize(
    ("event", "part"),
    [
        ("os.mkdir", "sub-0"),
        ("open", "sub-1_task-stimulus_run-001_physio.tsv.gz"),
        ("open", "README"),
        ("os.rename", "out"),
    ],
)
def test_a_kill_leaves_no_half_dataset_and_the_next_run_tidies_up(
    faulty: Path, tmp_path: Path, event: str, part: str, was_there: bool
) -> None:
    out, given = tmp_path / "place" / "out", ("-d", "table", "-w", faulty)
    if was_there:
        out.mkdir(parents=True)
    killed(KILL.format(event=event, part=part), "export-bids", out, *given)
    assert out.exists() == was_there
    assert not contents(out)
    assert [path.name.partition("part-")[0] for path in out.parent.iterdir() if path != out] == [
        ".out."
    ]
    must("export-bids", out, *given)
    assert list(out.parent.iterdir()) == [out]
    must("export-bids", tmp_path / "undisturbed", *given)
    assert contents(out) == contents(tmp_path / "undisturbed")


@POSIX_ONLY
def test_what_a_kill_found_in_place_is_whole(faulty: Path, tmp_path: Path) -> None:
    out, given = tmp_path / "place" / "out", ("-d", "table", "-w", faulty)
    killed(AFTER_THE_RENAME, "export-bids", out, *given)
    must("export-bids", tmp_path / "undisturbed", *given)
    assert contents(out) == contents(tmp_path / "undisturbed")
    assert "is there already, and not empty" in rtcan("export-bids", out, *given).stderr
    assert list(out.parent.iterdir()) == [out]


def test_labels_are_letters_and_digits_and_differ_whatever_their_case() -> None:
    names = ["P-01", "p01", "P 01", "ÄÖ", "Ü", "7", "../../x"]
    labels = labels_of(names)
    assert list(labels) == names
    assert all(label.isalnum() and label.isascii() for label in labels.values())
    assert len({label.casefold() for label in labels.values()}) == len(names)


def test_equal_stores_give_equal_files(faulty: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        must("export-bids", tmp_path / name, "-d", "table", "-w", faulty)
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert files
    for path in files:
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes()


def test_bids_is_not_simulated(tmp_path: Path) -> None:
    outcome = rtcan("simulate", "bids", tmp_path / "raw")
    assert outcome.exit_code == 1
    assert "bids is not simulated, but deap, amigos" in outcome.stderr


@pytest.mark.parametrize("kind", ["here", "above", "link", "link to nothing"])
def test_places_that_cannot_be_replaced_are_told(
    faulty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    here = tmp_path / "empty"
    here.mkdir()
    monkeypatch.chdir(here)
    folder, said = {
        "here": (Path(), ". is the folder that you are in, and is not replaced"),
        "above": (Path("new", ".."), "is not the name of a new folder"),
        "link": (tmp_path / "link", "link is a link, which is not replaced"),
        "link to nothing": (tmp_path / "link", "link is a link, which is not replaced"),
    }[kind]
    if kind.startswith("link"):
        (tmp_path / "link").symlink_to(here if kind == "link" else tmp_path / "nothing")
    outcome = rtcan("export-bids", folder, "-d", "table", "-w", faulty)
    assert outcome.exit_code == 1
    assert said in " ".join(outcome.stderr.split())
    assert not list(here.iterdir())
