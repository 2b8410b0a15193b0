"""The listening page: what it holds, and that it plays in a browser."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import time
import wave
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.plots import style
from rtcan_cli.results.attention.listening import (
    ATTENTION_COLUMNS,
    NETWORK_COLUMNS,
    PREDICTION_COLUMNS,
    Listening,
    Sound,
)
from rtcan_cli.results.base import Note
from rtcan_cli.results.overview.recording import AboutTrial
from rtcan_cli.views.html.listening import write_listening
from tests.views.html.browser import Browser, find_chromium
from tests.views.html.reading import Seen

HOSTILE = "</script><script>window.hit=1</script><img src=x onerror=window.hit=1>&'\"\u2028"
SECONDS = 20.0


def listening(name: str = "one", **changed: Any) -> Listening:
    """A trial with three responses, and two networks that were asked from 10 s on."""
    trial = AboutTrial(
        dataset="table",
        simulated=False,
        subject=name,
        stimulus=name,
        title=name,
        repetition=1,
        hearing="both",
        seconds=SECONDS,
        sampling_rate=4.0,
        eda_unit="uS",
        eda_polarity="conductance",
        problem=None,
    )
    moment = np.arange(80) / 4
    eda = pd.DataFrame({"time": moment, "eda": 5 + np.sin(moment), "repaired": moment == 7})
    eda.loc[30:32, "eda"] = np.nan
    parts = pd.DataFrame({"time": moment, "tonic": 4.8, "phasic": 0.2 + np.sin(moment)})
    responses = pd.DataFrame(
        {
            "onset": [1.0, 6.0, 12.0],
            "peak": [2.0, 8.0, 14.0],
            "amplitude": [1.0, 0.5, 2.0],
            "amplitude_recorded": [0.1, 0.05, 0.2],
            "rise_time": [1.0, 2.0, 2.0],
            "recovery_time": [1.5, math.nan, 2.0],
        }
    )
    ids = [{"target": "arousal", "run": f"{name}{i}", "network": f"{name}: {i}"} for i in (0, 1)]
    networks = pd.DataFrame([{**each, **_NETWORK} for each in ids], columns=[*NETWORK_COLUMNS])
    edges = np.linspace(3, SECONDS, 11)
    looked = {"begin": edges[:-1], "end": edges[1:], "weight": np.linspace(0, 1, 10)}
    said = {
        "time": [10.0, 15.0, 20.0],
        "probability": [0.4, 0.5, 0.7],
        "usual": [False, True, True],
    }
    attention = [pd.DataFrame({**looked}).assign(**each) for each in ids]
    predictions = [pd.DataFrame({**said}).assign(**each) for each in ids]
    ratings = {
        "target": ["valence", "arousal"],
        "rating": [math.nan, 7.0],
        "threshold": [math.nan, 5.0],
        "label": [None, "high"],
    }
    return Listening(
        trial=trial,
        **{
            "song_start": 0.0,
            "audio": None,
            "hears_music": True,
            "window": None,
            "lengths": (14.0, 25.0),
            "shortest": 1.5,
            "scr_rate": 8.0,
            "scr_prominence": 0.1,
            "onset": 3.0,
            "ratings": pd.DataFrame(ratings),
            "responses": responses,
            "networks": networks,
            "eda": eda,
            "parts": parts,
            "attention": pd.concat(attention)[[*ATTENTION_COLUMNS]],
            "predictions": pd.concat(predictions)[[*PREDICTION_COLUMNS]],
            "notes": (Note("any", name),),
            **changed,
        },
    )


_NETWORK = {
    "fold": 2,
    "true_class": "high",
    "probability": 0.7,
    "calibrated": 0.6,
    "explained_class": "high",
    "peak": 19.0,
    "first": 10.0,
}


def wav(seconds: float) -> Sound:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes([128]) * int(8000 * seconds))
    return Sound("song.wav", "audio/wav", buffer.getvalue())


def written(folder: Path, result: Listening, sound: Sound | None = None) -> str:
    (path,) = write_listening(result, sound, folder / "page.html").files
    return path.read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found is not None
    return dict(json.loads(found[1]))


def test_it_holds_the_numbers_of_the_result(tmp_path: Path) -> None:
    result = listening()
    page = written(tmp_path, result)
    data, seen = data_of(page), Seen(page)
    assert data["eda"]["value"][30] is None
    np.testing.assert_allclose(data["parts"]["phasic"], result.parts["phasic"], rtol=1e-4)
    assert data["repaired"] == [[7.0, 7.0]]
    # Until half is lost, or else until the next one begins.
    assert [each["end"] for each in data["responses"]] == [3.5, 12.0, 16.0]
    (target,) = data["targets"]
    assert target["title"] == "Arousal: the subject felt high (rating 7, high above 5)"
    assert [each["probability"] for each in target["networks"]] == [[0.4, 0.5, 0.7]] * 2
    assert [each["usual"] for each in target["networks"]] == [[0, 1, 1]] * 2
    for text in ("14.0 to 25.0 s", "onset of 3 s", "whole stimulus"):
        assert text in seen.text
    assert [level for level, _ in seen.headings][:2] == [1, 2]
    assert len(seen.all("tr")) == 4 + 3


@pytest.mark.parametrize(
    ("threshold", "words"),
    [(math.nan, "(rating 7)"), (0.0, "(rating 7, high above 0)")],
)
def test_a_threshold_is_said_where_it_is_known(
    tmp_path: Path, threshold: float, words: str
) -> None:
    result = listening()
    ratings = result.ratings.assign(threshold=threshold)
    (target,) = data_of(written(tmp_path, replace(result, ratings=ratings)))["targets"]
    assert target["title"] == f"Arousal: the subject felt high {words}"


def test_signals_have_the_colours_of_figures() -> None:
    sheet = resources.files("rtcan_cli.views.html").joinpath("listening.css").read_text("utf-8")
    light = sheet[: sheet.index("@media")]
    found = dict(re.findall(r"--(\w+): (#\w+);", light))
    names = ("ink", "phasic", "tonic", "repaired")
    wanted = (style.ORIGINAL, style.PHASIC, style.TONIC, style.REPAIRED)
    assert tuple(found[name] for name in names) == wanted


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"song_start": 5.0}, "begins 5 s after that"),
        ({"window": "first:10", "lengths": ()}, "the part first:10 of a recording"),
    ],
)
def test_it_says_how_it_was_made(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    assert words in Seen(written(tmp_path, listening(**changed))).text


def test_names_stay_names_and_nothing_is_loaded(tmp_path: Path) -> None:
    page = written(tmp_path, listening(HOSTILE))
    seen = Seen(page)
    assert len(seen.all("script")) == 2
    assert not seen.all("img")
    assert data_of(page)["targets"][0]["networks"][0]["name"] == f"{HOSTILE}: 0"
    (policy,) = (each["content"] for each in seen.all("meta") if "http-equiv" in each)
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "media-src blob:;" in policy
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)


def test_a_song_is_in_the_page_or_beside_it(tmp_path: Path) -> None:
    sound = wav(1)
    (audio,) = Seen(written(tmp_path, listening(), sound)).all("audio")
    kind, _, content = (audio["src"] or "").partition(",")
    assert kind == "data:audio/wav;base64"
    assert base64.b64decode(content) == sound.content
    beside = Sound("a b.wav", "audio/wav", file=tmp_path.parent / "songs" / "a #b:.wav")
    (audio,) = Seen(written(tmp_path, listening(), beside)).all("audio")
    assert audio["src"] == "../songs/a%20%23b%3A.wav"
    (audio,) = Seen(written(tmp_path, listening())).all("audio")
    assert "src" not in audio


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no browser: neither RTCAN_CHROMIUM nor chromium is there")
    with Browser(chromium) as found:
        yield found


def wait(browser: Browser, condition: str) -> None:
    """Until a condition holds on the page."""
    end = time.monotonic() + 30
    while not browser.value(condition):
        assert time.monotonic() < end, condition
        time.sleep(0.05)


def click(browser: Browser, selector: str, share: float = 0.5) -> None:
    """Press the mouse somewhere on an element."""
    place = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
    box = browser.value(f"(({{x, y, width, height}}) => [x, y, width, height])({place})")
    where = {"x": box[0] + share * box[2], "y": box[1] + box[3] / 2}
    for kind in ("mousePressed", "mouseReleased"):
        about = {"button": "left", "clickCount": 1, **where}
        browser.ask("Input.dispatchMouseEvent", type=kind, **about)


def press(browser: Browser, key: str, code: int, shift: bool = False) -> None:
    text = {"text": {" ": " ", "Enter": "\r"}[key]} if key in (" ", "Enter") else {}
    about = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 * shift}
    browser.ask("Input.dispatchKeyEvent", type="keyDown", **about, **text)
    browser.ask("Input.dispatchKeyEvent", type="keyUp", **about)


CURSOR = "document.getElementById('cursor').getBoundingClientRect().left"


def quiet(browser: Browser) -> None:
    """No error on the page, and nothing asked for but the page itself."""
    kinds = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    assert not [event for event in browser.events if event["method"] in kinds]
    assert all(url.startswith(("file:", "data:")) for url in browser.requests())


def test_it_plays_its_song_and_the_cursor_moves(browser: Browser, tmp_path: Path) -> None:
    written(tmp_path, listening(song_start=1.0), wav(4))
    browser.open(tmp_path / "page.html", 1280, 900)
    wait(browser, "audio.readyState >= 1")
    assert "goes on for 19.0 s" in browser.value("at('status').textContent")
    begin = browser.value(CURSOR)
    click(browser, "#play")
    wait(browser, "audio.currentTime > 0.1")  # first a second of silence
    assert browser.value("Math.abs(now() - 1 - audio.currentTime)") < 0.1
    assert browser.value(CURSOR) > begin
    browser.value("seek(4.7)")
    wait(browser, "position > 5.1")  # the song is over, the recording is not
    assert browser.value("audio.paused && playing")
    click(browser, "#play")
    assert not browser.value("playing")
    quiet(browser)


def test_clicks_and_keys_go_where_they_say(browser: Browser, tmp_path: Path) -> None:
    written(tmp_path, listening())
    browser.open(tmp_path / "page.html", 1280, 900)
    click(browser, ".jump[aria-label^='Response 2']")
    assert browser.value("position") == 8.0
    plot = "document.querySelectorAll('.plot')[1].getBoundingClientRect()"
    there = browser.value(f"{plot}.left + {plot}.width * 8 / 20")
    assert browser.value(CURSOR) == pytest.approx(there, abs=3)
    assert browser.value("document.querySelectorAll('#events tbody tr')[1].className") == "now"
    assert "response 2 of 3" in browser.value("slider.getAttribute('aria-valuetext')")
    assert "response 2 of 3" in browser.value("at('said').textContent")
    click(browser, ".jump[aria-label^='Highest attention']")
    assert browser.value("position") == 19.0
    click(browser, ".plot", 0.25)
    assert browser.value("position") == pytest.approx(5, abs=0.2)
    browser.value("document.activeElement.blur()")
    press(browser, "Home", 36)
    press(browser, "ArrowRight", 39)
    press(browser, "ArrowRight", 39, shift=True)
    assert browser.value("position") == 6.0
    press(browser, " ", 32)
    wait(browser, "position > 6.1")
    press(browser, " ", 32)
    assert browser.value("playing") is False
    browser.value("at('file').focus()")
    press(browser, "Tab", 9)
    wait(browser, "document.activeElement.matches('.jump:focus-visible')")
    style = "getComputedStyle(document.activeElement)"
    assert browser.value(f"{style}.outlineStyle") == "solid"
    press(browser, "Enter", 13)
    assert browser.value("position") == 2.0
    quiet(browser)


def test_tables_are_scrolled_by_key(browser: Browser, tmp_path: Path) -> None:
    written(tmp_path, listening("a name that is much wider than a telephone " * 3))
    browser.open(tmp_path / "page.html", 390, 800)
    table = "document.querySelectorAll('.scroll')[1]"
    browser.value(f"{table}.focus()")
    assert browser.value(f"{table}.scrollWidth > {table}.clientWidth")
    press(browser, "ArrowRight", 39)
    wait(browser, f"{table}.scrollLeft > 0")
    assert browser.value("position") == 0
    press(browser, "End", 35)
    assert browser.value("position") == 0
    browser.value("document.activeElement.blur()")
    press(browser, "ArrowRight", 39)
    assert browser.value("position") == 1


def test_what_is_next_to_nothing_is_shown_as_zero(browser: Browser, tmp_path: Path) -> None:
    result = listening()
    phasic = [9.86e-18, -9.86e-18, 1.23456, *[0.5] * 77]
    written(tmp_path, replace(result, parts=result.parts.assign(phasic=phasic)))
    browser.open(tmp_path / "page.html", 1280, 900)
    shown = "document.querySelectorAll('.track .name b')[1].textContent"
    for second, words in ((0, "0.00"), (0.25, "0.00"), (0.5, "1.23"), (1, "0.50")):
        browser.value(f"seek({second})")
        assert browser.value(shown) == words
    quiet(browser)


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_runs_nothing_of_others(browser: Browser, tmp_path: Path, width: int) -> None:
    written(tmp_path, replace(listening(HOSTILE), networks=listening(HOSTILE).networks))
    browser.open(tmp_path / "page.html", width, 800)
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("document.querySelectorAll('.jump').length") == 3 + 2
    assert browser.value("window.hit") is None
    quiet(browser)
    browser.value(
        "document.body.append(Object.assign(document.createElement('script'),"
        "{textContent: 'window.hit = 1'}))"
    )
    assert browser.value("window.hit") is None


def test_without_anything_but_eda_it_plays_too(browser: Browser, tmp_path: Path) -> None:
    whole = listening()
    empty = {
        name: getattr(whole, name).iloc[:0]
        for name in ("responses", "networks", "parts", "attention", "predictions")
    }
    written(tmp_path, replace(whole, **empty))
    browser.open(tmp_path / "page.html", 390, 800)
    click(browser, "#play")
    wait(browser, "position > 0.2")
    quiet(browser)
