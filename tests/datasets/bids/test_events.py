"""What is wrong with a table of events is named with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.errors import RtcanError
from tests.datasets.bids.studies import (
    EVENTS,
    problems,
    trials,
)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("onset\t", "start\t", "has no column onset"),
        ("2\t10\tmusic", "n/a\t10\tmusic", "line 2: there is no onset"),
        ("2\t10\tmusic", "2\t-10\tmusic", "line 2: the duration is -10 s"),
        ("\t6\t3", "\tsix\t3", "line 2: valence is 'six', not a number"),
        ("\t6\t3", "\t0_6\t3", "line 2: valence is '0_6', not a number"),
        ("\t6\t3", "\tnan\t3", "line 2: valence is nan; what is missing is n/a"),
        ("\t6\t3", "\t6", "line 2: 5 cells for 6 columns"),
        ("\t6\t3", "\tinf\t3", "line 2: valence is inf; what is missing is n/a"),
        ("\tvalence\t", "\tarousal\t", "has the column arousal more than once"),
        ("2\t10\tmusic", "30\t10\tmusic", "the trial ends at 42.5 s, but its signal at 40 s"),
        ("2\t10\tmusic", "2\tn/a\tmusic", "do not say how long the stimulus was"),
        ("\t6\t3", "\t60\t3", "the valence rating 60 is not on the scale from 1 to 9"),
        (
            "20\t10\tmusic\tsongs/b.wav",
            "2\t10\tmusic\tsongs/a.wav",
            "line 3: it has stimulus and onset of line 2",
        ),
        ("songs/a.wav", "../../a.wav", "does not lie in the folder stimuli"),
    ],
)
def test_events_that_are_not_sure_are_named(study: Path, old: str, new: str, message: str) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    try:
        found = problems(open_raw("bids", study))
    except RtcanError as error:
        found = str(error)
    assert message in found


def test_lines_may_end_with_carriage_returns(study: Path) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    expected = list(trials(open_raw("bids", study)))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r"))
    assert list(trials(open_raw("bids", study))) == expected


def test_a_cell_of_far_too_many_characters_is_one_table_that_is_told(study: Path) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    path.write_text(path.read_text().replace("songs/b.wav", "b" * 200_000))
    opened = open_raw("bids", study)
    (error,) = opened.damaged
    assert re.search(r"sub-02_task-music_events\.tsv, line 3: not a table", str(error))
    assert {key[0] for key in trials(opened)} == {"01"}


@pytest.mark.parametrize("count", ["1e300", "9.3e18", "1e7", "0", "1.5"])
def test_repetitions_that_nobody_counted_are_named(study: Path, count: str) -> None:
    path = study / "sub-02" / "beh" / "sub-02_task-music_events.tsv"
    lines = [f"{line}\t{count}" for line in EVENTS.splitlines()]
    lines[0] = EVENTS.splitlines()[0] + "\trepetition"
    path.write_text("\n".join(lines))
    damaged = open_raw("bids", study).damaged
    assert "sub-02_task-music_events.tsv, line 2: the repetition is" in str(damaged[0])


def test_a_scale_that_no_number_can_hold_is_named(study: Path) -> None:
    (study / "task-music_events.json").write_text(
        f'{{"valence": {{"Minimum": 1, "Maximum": {"9" * 401}}}}}'
    )
    with pytest.raises(RtcanError, match=r"Minimum or Maximum of valence that is too large"):
        open_raw("bids", study)
