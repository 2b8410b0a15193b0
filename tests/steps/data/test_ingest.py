from __future__ import annotations

import hashlib
import math
import ntpath
import shutil
import time
import zipfile
from functools import partial
from pathlib import Path, PureWindowsPath
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rtcan_cli import console, views
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.datasets.trials import Excluded, Item, RawDataset, Recording, Stimulus, Trial
from rtcan_cli.eda.quality.rules import Rules
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.base import as_data
from rtcan_cli.results.data.ingest import Ingested
from rtcan_cli.steps.data import ingest
from rtcan_cli.stores import Store
from rtcan_cli.stores.schema import IMPLAUSIBLE, OFFSETS
from rtcan_cli.views.layout import fact_lines, table_lines
from tests.real_listeners import EXCERPT
from tests.views.rows import rows_of

RATE = 10.0
SECONDS = 20


def signal(seed: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).standard_normal(int(SECONDS * RATE)))


def trial(subject: int, song: str, file: Path, eda: np.ndarray, rating: float = 0.5) -> Trial:
    recording = Recording("both", eda, RATE, str(file), f"column {subject}")
    return Trial(str(subject), song, rating, 0.25, (recording,))


def read_sound_subject(subject: int, file: Path) -> list[Item]:
    # The first parts take longest: side by side, they are ready last.
    time.sleep(0.05 * max(0, 3 - subject))
    return [trial(subject, str(song), file, signal(10 * subject + song)) for song in (1, 2)]


def read_faulty_subject(file: Path) -> list[Item]:
    short_gap, long_gap = signal(1), signal(2)
    short_gap[50:55] = np.nan
    long_gap[50:150] = np.nan
    return [
        trial(7, "1", file, short_gap),
        trial(7, "2", file, long_gap),
        trial(7, "3", file, np.full(200, 3.0)),
        trial(7, "4", file, signal(4), rating=math.nan),
        Excluded("7", "5", "there is no rating", str(file)),
    ]


def read_damaged(file: Path, whole: bool) -> list[Item]:
    error = RtcanError(f"{file} cannot be read: it ends too early", hint="copy it again")
    if whole:
        raise error
    return [error, trial(8, "1", file, signal(3))]


def read_twice(file: Path) -> list[Item]:
    return [trial(1, "1", file, signal(1))]


class Lab:
    """A raw dataset of whatever parts a test needs, in place of a publisher's."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "raw" / "all.csv"
        self.file.parent.mkdir()
        self.file.write_text("not what is read")
        self.output = folder / "recordings.h5"
        self._monkeypatch = monkeypatch

    def ingest(
        self,
        *parts: object,
        damaged: tuple[RtcanError, ...] = (),
        simulated: bool = True,
        **options: Any,
    ) -> Ingested:
        def open_raw(name: str, raw: Path, *options: object) -> RawDataset:
            songs = tuple(Stimulus(str(song)) for song in range(1, 6))
            files = (self.file, self.file.parent / "gone.csv")[: 1 + bool(damaged)]
            return RawDataset(
                name, "a lab", files, songs, tuple(parts), False, damaged, simulated, ("a note",)
            )

        self._monkeypatch.setattr(ingest, "open_raw", open_raw)
        self._monkeypatch.setattr(ingest, "fingerprint", lambda files: "unchanged")
        return ingest.ingest_raw("pmemo", self.file.parent, self.output, **options)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


def read_off_scale(file: Path, rating: float) -> list[Item]:
    return [trial(1, "1", file, signal(1)), trial(1, "2", file, signal(2), rating=rating)]


@pytest.mark.parametrize("rating", [5.0, -0.25, math.inf])
def test_no_reader_can_bring_ratings_off_the_scale(lab: Lab, rating: float) -> None:
    with pytest.raises(
        RtcanError, match=f"subject 1, stimulus 2: the valence rating {rating:g} is"
    ):
        lab.ingest(partial(read_off_scale, lab.file, rating), skip_bad=True)
    assert not lab.output.exists()


def test_no_reader_can_name_audio_that_is_not_read_later(lab: Lab, tmp_path: Path) -> None:
    """In silence it would not be compared, and its features would be refused."""
    song = tmp_path / "song.wav"
    song.touch()
    parts, songs = (partial(read_twice, lab.file),), (Stimulus("1", audio=str(song)),)
    source = RawDataset("table", "a lab", (), songs, parts, False, (), True, ())
    with pytest.raises(RtcanError, match=f"stimulus 1: its audio file {song} does not lie below"):
        ingest.ingest_dataset(source, lab.file.parent, lab.output)
    assert not lab.output.exists()
    options = TableOptions(rating_scale=(0, 1), unit="a.u.")
    result = ingest.ingest_dataset(source, tmp_path, lab.output, jobs=1, table=options)
    (note,) = (note for note in result.notes if note.kind == "unreadable_audio")
    assert note.text.startswith("1 stimulus whose audio cannot be read")
    with Store(lab.output) as store:
        assert store.array("stimuli/audio").tolist() == ["song.wav"]


@pytest.mark.parametrize("root", ["C:\\data", "D:\\", "\\\\server\\share"])
def test_paths_in_stores_are_alike_on_all_systems(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = SimpleNamespace(path=ntpath, sep="\\")
    monkeypatch.setattr(ingest, "os", windows)
    path = ntpath.join(root, "EDA", "1.zip:a", "b.csv")
    assert ingest._relative(path, PureWindowsPath(root)) == "EDA/1.zip:a/b.csv"
    assert ingest._relative("E:\\songs\\1.mp3", PureWindowsPath(root)) == "E:/songs/1.mp3"
    monkeypatch.undo()
    assert ingest._relative("/data/EDA/a\\b.csv", Path("/data")) == "EDA/a\\b.csv"
    assert ingest._relative("/data", Path("/")) == "data"


def test_the_store_does_not_depend_on_which_process_is_faster(lab: Lab) -> None:
    parts = [partial(read_sound_subject, subject, lab.file) for subject in range(6)]
    lab.ingest(*parts, jobs=1)
    with Store(lab.output) as store:
        alone, subjects = store.content_id, store.table("trials")["subject"].tolist()
    lab.ingest(*parts, jobs=2, force=True)
    with Store(lab.output) as store:
        assert store.content_id == alone
        assert np.array_equal(store.signal("eda", 7), signal(32))
    assert subjects == [str(subject) for subject in range(6) for _ in range(2)]


def test_short_gaps_are_repaired_and_the_rest_stays_with_a_reason(lab: Lab) -> None:
    result = lab.ingest(partial(read_faulty_subject, lab.file))
    with Store(lab.output, "recordings") as store:
        recordings, quality = store.table("recordings"), store.table("quality")
        mended, mark = store.signal("eda", 0), store.signal("repaired", 0)
        broken = store.signal("eda", 1)
        lengths = np.diff(store.array(OFFSETS))
    whole = signal(1)
    assert np.allclose(mended[50:55], np.interp(np.arange(50, 55), [49, 55], whole[[49, 55]]))
    assert np.flatnonzero(mark).tolist() == [50, 51, 52, 53, 54]
    assert np.flatnonzero(np.isnan(broken)).tolist() == list(range(50, 150))
    assert recordings["problem"].tolist() == [
        "",
        "a gap of 10 s (at most 1 s is repaired); 50 % of the samples are missing (at most 10 %)",
        "flat: every sample has the same value",
        "",
    ]
    assert quality["longest_gap"].tolist() == [0.5, 10.0, 0.0, 0.0]
    assert (lengths == 200).all(), "what is not used can still be looked at"
    assert recordings["position"].tolist() == ["column 7"] * 4
    assert recordings["source"].tolist() == ["all.csv"] * 4
    assert (result.n_trials_found, result.n_trials, result.n_rated) == (5, 4, 3)
    assert (result.n_usable, result.n_recordings, result.n_left_out) == (1, 2, 3)
    assert result.n_repaired == 1
    assert (result.eda_seconds, result.shortest, result.longest) == (40, 20, 20)
    assert result.left_out["n"].tolist() == [1, 1, 1]
    places = set(result.left_out["example"])
    assert "all.csv, column 7" in places, "the part of the file is named, too"
    assert [note.text for note in result.notes if note.kind == "raw_files"] == ["a note"]


def read_damaged_signals(file: Path) -> list[Item]:
    spike, step, noise = 1 + 0.1 * signal(1), 1 + 0.1 * signal(2), np.empty(200)
    spike[50:54] += 90
    step[100:] += 90
    noise[:] = np.random.default_rng(0).standard_normal(200)
    return [trial(7, str(i), file, eda) for i, eda in enumerate((spike, step, noise), 1)]


def test_what_cannot_come_from_skin_is_counted_and_said(lab: Lab) -> None:
    part = partial(read_damaged_signals, lab.file)
    result = lab.ingest(part)
    assert result.implausible.to_numpy(dtype=object).tolist() == [
        ["spikes", 1, 0, 5],
        ["steps", 1, 1, None],
    ]
    assert (result.n_implausible, result.n_below_noise, result.n_recordings) == (2, 1, 2)
    said = {note.kind: note for note in result.notes}
    assert said["implausible_samples"].text.startswith("2 of 3 recordings have samples that cannot")
    assert said["implausible_samples"].text.endswith("1 of these are left out")
    text = said["below_noise"].text
    assert text.startswith("usable recordings that vary by less than 3 times the noise")
    assert ": 1 of 2 (50 %). They are not" in text
    assert "--min-signal-to-noise 3" in (said["below_noise"].command or "")
    with Store(lab.output, "recordings") as store:
        marks, quality = store.signal("repaired", 0), store.table("quality")
    found = quality["implausible"][0] * len(marks)
    assert (marks >= IMPLAUSIBLE).sum() == pytest.approx(found)
    assert found > 0
    (shown, _) = views.page(result).tables
    assert rows_of(shown)[0]["what cannot come from skin"] == "spikes"
    lab.ingest(part, rules=Rules(min_signal_to_noise=3.0))
    with Store(lab.output, "recordings") as store:
        assert "times its noise" in store.table("recordings")["problem"].iloc[2]
    kept = lab.ingest(part, rules=Rules(keep_artefacts=True))
    assert (kept.n_implausible, kept.n_recordings, len(kept.implausible)) == (0, 3, 0)


def test_the_rules_decide_and_are_part_of_the_provenance(lab: Lab) -> None:
    part = partial(read_faulty_subject, lab.file)
    lab.ingest(part, rules=Rules(max_gap=10.0, max_missing=0.6))
    with Store(lab.output, "recordings") as store:
        assert store.table("recordings")["problem"].tolist()[1] == ""
        assert store.signal("repaired", 1).sum() == 100
        first = store.content_id
    lab.ingest(part)
    with Store(lab.output, "recordings") as store:
        assert store.content_id != first, "made again with other rules"


@pytest.mark.parametrize("whole", [True, False])
def test_damaged_files_end_the_work_or_are_listed(lab: Lab, whole: bool) -> None:
    parts = [
        partial(read_sound_subject, 3, lab.file),
        partial(read_damaged, lab.file, whole),
        partial(read_sound_subject, 4, lab.file),
    ]
    with pytest.raises(RtcanError, match=r"all\.csv cannot be read") as caught:
        lab.ingest(*parts)
    assert caught.value.hint == "copy it again; --skip-bad leaves it out and reads the rest"
    assert list(lab.output.parent.glob("recordings*")) == []
    result = lab.ingest(*parts, skip_bad=True)
    assert result.n_trials == 4 + (not whole)
    (row,) = result.left_out.to_numpy().tolist()
    assert row == ["all.csv cannot be read: it ends too early", 1, "", "all.csv"]


def test_files_damaged_from_the_start_are_listed_too(lab: Lab) -> None:
    damaged = (RtcanError("a.csv is no text"), RtcanError("b7.csv is no text"))
    part = partial(read_sound_subject, 3, lab.file)
    with pytest.raises(RtcanError, match=r"a\.csv"):
        lab.ingest(part, damaged=damaged)
    result = lab.ingest(part, damaged=damaged, skip_bad=True)
    assert result.left_out["reason"].tolist() == ["a.csv is no text", "b7.csv is no text"]
    with Store(lab.output, "recordings") as store:
        files = store.table("files")
    content = lab.file.read_bytes()
    assert files.to_dict("records") == [
        {
            "path": "all.csv",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        },
        {"path": "gone.csv", "size": 0, "sha256": ""},
    ]


def test_a_trial_that_is_there_twice_is_damage(lab: Lab) -> None:
    parts = [partial(read_twice, lab.file)] * 2
    with pytest.raises(RtcanError, match="subject 1, stimulus 1 is there twice"):
        lab.ingest(*parts)
    assert lab.ingest(*parts, skip_bad=True).n_trials == 1


def test_without_a_usable_recording_there_is_no_store(lab: Lab) -> None:
    with pytest.raises(RtcanError, match=r"holds no usable recording .*a gap of 10 s"):
        lab.ingest(partial(read_faulty_subject, lab.file), rules=Rules(min_duration=21.0))
    assert not lab.output.exists()


def test_real_data_with_the_same_bytes_lose_the_mark_of_simulated_ones(lab: Lab) -> None:
    part = partial(read_sound_subject, 3, lab.file)
    lab.ingest(part)
    real, simulated = lab.ingest(part, simulated=False), lab.ingest(part)
    assert (real.edition, real.simulated) == ("a lab", False)
    assert (simulated.edition, simulated.simulated) == ("a lab", True)
    assert views.page(simulated).facts["dataset"] == "a lab (simulated)"
    assert list(as_data(real)) == list(as_data(simulated))
    assert "trials_of_the_paper" in {note.kind for note in real.notes}


def read_at_rate(subject: int, file: Path) -> list[Item]:
    recording = Recording("both", signal(subject), RATE + subject / 100, str(file))
    return [Trial(str(subject), "1", 0.5, 0.25, (recording,))]


def test_many_sampling_rates_are_shown_as_a_range(lab: Lab) -> None:
    parts = [partial(read_at_rate, subject, lab.file) for subject in range(9)]
    two, many = lab.ingest(*parts[:2]), lab.ingest(*parts, force=True)
    assert two.sampling_rates == (10, 10.01)
    assert len(many.sampling_rates) == 9
    assert views.page(two).facts["sampling rate [Hz]"] == "10, 10.01"
    assert views.page(many).facts["sampling rate [Hz]"] == "10 to 10.08"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_a_terminal(lab: Lab, width: int) -> None:
    page = views.page(lab.ingest(partial(read_faulty_subject, lab.file)))
    (table,) = page.tables
    assert max(map(len, table_lines(table, width))) <= width
    assert max(map(len, fact_lines(page.facts, width))) <= width


class Endless:
    """A file that is never read to its end."""

    def __init__(self) -> None:
        self.opened = Event()

    def open(self, mode: str, buffering: int) -> Endless:
        self.opened.set()
        return self

    def __enter__(self) -> Endless:
        return self

    def __exit__(self, *error: object) -> None: ...

    def readinto(self, block: bytearray) -> int:
        return len(block)

    def tell(self) -> int:
        return 0


def test_an_error_does_not_wait_for_hashes() -> None:
    file = Endless()

    def fail() -> None:
        with ingest._hashed([file]):  # type: ignore[list-item]
            assert file.opened.wait(60)
            raise RtcanError("damaged")

    with pytest.raises(RtcanError, match="damaged"):
        fail()


def test_a_copy_of_another_trials_recording_is_left_out(tmp_path: Path) -> None:
    """It would be of one listener in training and of another in the test."""
    (tmp_path / "eda").mkdir()
    rows = ["subject,stimulus,valence,arousal,signal,sampling_rate"]
    for i, subject in enumerate("abc"):
        np.savetxt(tmp_path / f"eda/{subject}.csv", signal(i) / 10 + 5, "%.6f")
        rows.append(f"{subject},song,{i + 1},3,eda/{subject}.csv,{RATE:g}")
    (tmp_path / "eda/c.csv").write_bytes((tmp_path / "eda/a.csv").read_bytes())
    (tmp_path / "trials.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = ingest.ingest_raw("table", tmp_path, tmp_path / "out" / "recordings.h5")
    assert (found.n_trials, found.n_usable, found.n_left_out) == (3, 2, 1)
    (row,) = found.left_out.to_dict("records")
    assert row["reason"] == "the same samples as subject a, stimulus song: a copy"
    assert (row["subjects"], row["example"]) == ("c", "eda/c.csv")


def test_the_zip_file_that_is_found_in_a_folder_is_named_up_front(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.verbosity, "quiet", False)
    folder = tmp_path / "data"
    place = folder / "downloads" / "2024"
    place.mkdir(parents=True)
    archive = place / "hku.zip"
    shutil.copy(EXCERPT, archive)

    def told_before(source: RawDataset, root: Path, *_: Any) -> str:
        """What is said by the time the dataset is open, before any recording is read."""
        return " ".join(capsys.readouterr().err.split())

    monkeypatch.setattr(ingest, "ingest_dataset", told_before)
    told = ingest.ingest_raw("hku956", folder, tmp_path / "a.h5")
    assert told == f"note: HKU956 is read from a zip file in {folder}: downloads/2024/hku.zip"
    assert ingest.ingest_raw("hku956", archive, tmp_path / "a.h5") == ""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    assert ingest.ingest_raw("hku956", folder, tmp_path / "a.h5") == ""
