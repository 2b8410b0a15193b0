"""One recording: what is shown is what the stores hold, and what others find in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy
from matplotlib.figure import Figure

from rtcan_cli.choices import DecompositionName
from rtcan_cli.eda.blocks import Undecomposed, decompose_block
from rtcan_cli.eda.methods import cvxeda_method
from rtcan_cli.eda.methods import method as method_named
from rtcan_cli.steps.data.quality import plot_quality
from rtcan_cli.steps.overview.recording import show_recording
from rtcan_cli.steps.signals.one_recording import (
    Decomposed,
    decomposition_of,
    find_recording,
    responses_of,
    small_responses,
)
from rtcan_cli.stores import Store
from rtcan_cli.views.html.recording import write_recording
from rtcan_cli.views.overview import recording as view
from tests import real_listeners
from tests.conftest import SONG, SUBJECT, must, rtcan
from tests.views.html.browser import Browser, find_chromium
from tests.views.html.reading import Seen

TRIAL = f"{SUBJECT}:{SONG}"
HOSTILE = "<img src=x onerror=alert(1)>&'\""


def stores(workspace: Path) -> tuple[Path, Path, Path]:
    folder = workspace / "pmemo"
    return folder / "recordings.h5", folder / "components.h5", folder / "labels.h5"


def test_responses_of_a_real_recording_are_those_that_scipy_finds() -> None:
    eda = real_listeners.recordings()["HKU956/1. physiological_signals/hku1903/EDA/0_262957.csv"]
    parts = decompose_block([Undecomposed(eda, 4.0, 4.0, "")], cvxeda_method())
    phasic = parts["phasic"].astype(float)
    # As it was sampled, and by hand: rtcan looks at it at 8 Hz.
    own = responses_of(np.interp(np.arange(2 * len(phasic) - 1) / 2, range(len(phasic)), phasic), 2)
    peaks, _ = scipy.signal.find_peaks(phasic, prominence=0.1)
    np.testing.assert_allclose(own["peak"], peaks / 4, atol=0.13)
    before = [0, *peaks[:-1]]
    rise = [phasic[b] - phasic[a:b].min() for a, b in zip(before, peaks, strict=True)]
    np.testing.assert_allclose(own["amplitude"], rise, atol=0.01)
    np.testing.assert_allclose(own["amplitude_recorded"], 2 * own["amplitude"])
    lowest = [a + phasic[a:b].argmin() for a, b in zip(before, peaks, strict=True)]
    # An onset is where 5 % have been risen: after the lowest point, before the peak.
    assert (own["onset"] >= np.array(lowest) / 4 - 0.13).all()
    np.testing.assert_allclose(own["peak"] - own["onset"], own["rise_time"])
    assert len(own) > 10


def test_no_unit_is_shown_where_the_scale_is_not_known(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undrawn: None
) -> None:
    told = show_recording(*stores(prepared), TRIAL, tmp_path)
    heads = [head for table in view.page(told).tables for head in table.columns]
    assert "amplitude [a.u.]" in heads
    assert not [text for text in (*heads, *(note.text for note in told.notes)) if "uS" in text]
    axes = []
    for place in ("steps.overview.recording.recording_figure", "plots.quality_page.quality_page"):
        stub = lambda *_, unit, **__: axes.append(unit) or Figure()  # noqa: E731
        monkeypatch.setattr(f"rtcan_cli.{place}", stub)
    show_recording(*stores(prepared), TRIAL, tmp_path)
    plot_quality(stores(prepared)[0], tmp_path)
    assert axes == ["a.u."] * 3


def test_it_shows_what_the_stores_hold(prepared: Path, tmp_path: Path, undrawn: None) -> None:
    told = show_recording(*stores(prepared), TRIAL, tmp_path, target="arousal")
    with Store(stores(prepared)[0]) as store:
        table, trials = store.table("recordings"), store.table("trials")
        (row,) = table.index[
            (table["subject"] == SUBJECT)
            & (table["stimulus"] == SONG)
            & (table["target"] == "arousal")
        ]
        measured = store.table("quality").iloc[row]
        spread = store.signal("eda", row).std()
        rated = trials.iloc[table.loc[row, "trial"]]
    assert (told.trial.subject, told.trial.stimulus, told.trial.hearing) == (
        SUBJECT,
        SONG,
        "arousal",
    )
    assert told.trial.seconds == measured["duration"]
    quality = told.quality.set_index("measure")["value"]
    pd.testing.assert_series_equal(quality, measured[quality.index], check_names=False)
    ratings = told.ratings.set_index("target")
    assert ratings["rating"].to_dict() == rated[["arousal"]].to_dict()
    both = show_recording(*stores(prepared), TRIAL, tmp_path).ratings.set_index("target")
    assert both["rating"].to_dict() == rated[["valence", "arousal"]].to_dict()
    for _, each in ratings.iterrows():
        assert each["label"] == ("high" if each["rating"] > each["threshold"] else "low")
    found = told.responses
    assert len(found) > 1
    np.testing.assert_allclose(found["amplitude_recorded"], found["amplitude"] * spread)
    assert told.decomposition["method"] == "cvxEDA"
    settings = dict(view.decomposition_table(told).rows)
    assert settings["knot interval [s]"] == 10
    assert told.decomposition["alpha_setting"] == "auto"
    assert told.decomposition["alpha"] > 0
    assert [note.kind for note in told.notes if note.kind == "other_recordings"]
    (csv,) = (path for path in told.files if path.stem.startswith("responses"))
    assert pd.read_csv(csv)["simulated"].all()
    np.testing.assert_allclose(pd.read_csv(csv)["peak"], found["peak"])


@pytest.mark.parametrize("name", get_args(DecompositionName))
def test_settings_with_a_unit_show_it(name: DecompositionName) -> None:
    shown = [view.setting_in_words(each) for each in method_named(name).parameters]
    without = {"alpha", "gamma", "most phasic", "noise factor", "solver", "time constants"}
    assert all(words.endswith("]") or words in without for words in shown)


def test_its_responses_are_those_that_features_count(prepared: Path) -> None:
    from rtcan_cli.eda.features import eda_features
    from rtcan_cli.eda.features.catalogue import CATALOGUE

    found = find_recording(stores(prepared)[0], TRIAL)
    told = decomposition_of(found, stores(prepared)[1])
    assert isinstance(told, Decomposed)
    parts = told.parts
    assert parts.driver is not None
    signals = (parts.phasic, parts.tonic, parts.driver)
    values = eda_features(found.eda, *signals, sampling_rate=parts.sampling_rate, onset=0.0)
    counted = dict(zip((each.name for each in CATALOGUE), values, strict=True))
    assert counted["scr_count"] == len(told.responses)
    assert counted["scr_amplitude_mean"] == pytest.approx(told.responses["amplitude"].mean())
    assert counted["scr_rise_time_mean"] == pytest.approx(told.responses["rise_time"].mean())
    raw = told.responses["amplitude_recorded"].mean()
    assert counted["scr_amplitude_raw_mean"] == pytest.approx(raw)


def test_before_decompose_it_shows_the_recording_and_says_what_makes_the_rest(
    prepared: Path, tmp_path: Path
) -> None:
    (tmp_path / "w/pmemo").mkdir(parents=True)
    shutil.copy(stores(prepared)[0], tmp_path / "w/pmemo")
    told = json.loads(must("show", TRIAL, "-w", tmp_path / "w", "-o", tmp_path, "--json").stdout)
    notes = {note["kind"]: note["command"] for note in told["notes"]}
    line = f"--dataset pmemo --workspace {tmp_path / 'w'}"
    assert notes["not_decomposed"] == f"rtcan decompose {line}"
    assert notes["no_labels"] == f"rtcan relabel {line}"
    assert told["responses"] == []
    assert told["decomposition"] == {}
    page = Seen(Path(told["files"][0]).read_text(encoding="utf-8"))
    assert "of the sudomotor nerve" not in page.text
    assert [text for level, text in page.headings if level == 2][:2] == ["The recording", "Quality"]


@pytest.mark.parametrize("command", ["show", "listen"])
def test_a_rating_is_one_and_a_repetition_is_said_once(prepared: Path, command: str) -> None:
    told = rtcan(command, TRIAL, "-w", prepared, "--target", "both")
    assert told.exit_code == 2
    assert "'both' is not one of" in told.stderr
    told = rtcan(command, f"{TRIAL}:1", "-w", prepared, "--repetition", "1")
    assert told.exit_code == 1
    assert "names its repetition already" in told.stderr
    assert "leave out --repetition" in told.stderr


@pytest.mark.parametrize("kind", ["components", "labels"])
def test_what_was_made_from_other_recordings_is_not_shown(
    prepared: Path, copy_of: Callable[[Path], Path], tmp_path: Path, undrawn: None, kind: str
) -> None:
    workspace = copy_of(prepared)
    with h5py.File(workspace / f"pmemo/{kind}.h5", "r+") as h5:
        h5.attrs["inputs"] = json.dumps({"recordings": "others"})
    told = show_recording(*stores(workspace), TRIAL, tmp_path)
    assert f"stale_{kind}" in {note.kind for note in told.notes}
    assert told.responses.empty is (kind == "components")
    assert told.ratings["label"].isna().all() == (kind == "labels")


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ((f"{SUBJECT}:nothing",), "has no EDA of the trial", f"{SUBJECT}:"),
        ((TRIAL, "--repetition", "7"), "has no such recording", "--repetition 1"),
    ],
)
def test_another_trial_is_named(
    prepared: Path, options: tuple[str, ...], message: str, hint: str
) -> None:
    told = rtcan("show", *options, "-w", prepared)
    assert told.exit_code == 1
    assert message in told.stderr
    assert hint in told.stderr


@pytest.mark.long
def test_its_page_is_whole_and_takes_names_as_text(
    prepared: Path, tmp_path: Path, every_format: None
) -> None:
    told = show_recording(*stores(prepared), TRIAL, tmp_path)
    trial = replace(told.trial, subject=HOSTILE, title=HOSTILE)
    told = write_recording(replace(told, trial=trial, source=HOSTILE))
    written = told.files[0].read_text()
    seen = Seen(written)
    assert seen.text.count(HOSTILE) >= 4
    assert len(seen.all("img")) == 1
    assert not seen.all("script")
    assert "simulated" in seen.text.lower()
    cells = [f"{value:.2f}" for value in told.responses["rise_time"]]
    assert all(cell in seen.text for cell in cells)
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no browser: neither RTCAN_CHROMIUM nor chromium is there")
    with Browser(chromium) as browser:
        for width in (1280, 390):
            browser.open(told.files[0], width, 800)
            assert browser.value("document.documentElement.scrollWidth") <= width
            assert browser.value("document.images[0].naturalWidth") > 0
            narrow = "document.images[0].currentSrc !== document.images[0].src"
            assert browser.value(narrow) is (width == 390)
        assert all(url.startswith(("file:", "data:")) for url in browser.requests())


def test_responses_that_may_be_noise_are_counted(prepared: Path) -> None:
    found = find_recording(stores(prepared)[0], TRIAL)
    measured = found.quality.set_index("measure")["value"]
    limit = max(measured["noise"], measured["resolution"])
    sizes = pd.DataFrame({"amplitude_recorded": [0.5 * limit, 0.9 * limit, 1.1 * limit]})
    (note,) = small_responses(found, sizes)
    assert note.text.startswith("2 of 3 responses are smaller than the noise")
    assert small_responses(found, sizes[2:]) == []
