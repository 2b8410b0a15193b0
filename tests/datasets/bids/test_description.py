"""What a dataset says of itself as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtcan_cli.datasets import open_raw
from rtcan_cli.datasets.single import is_simulated
from rtcan_cli.errors import RtcanError
from tests.datasets.bids.studies import trials, write_json


@pytest.mark.parametrize(
    ("stated", "licence", "authors", "note"),
    [
        ({"License": "CC0", "Authors": ["A", "B"]}, "CC0", ("A", "B"), ""),
        ({"License": "PDDL"}, "PDDL", (), "states no Authors"),
        ({"License": 4, "Authors": "A"}, "", (), "states no License and no Authors"),
    ],
)
def test_licence_and_authors_are_kept(
    study: Path, stated: dict[str, Any], licence: str, authors: tuple[str, ...], note: str
) -> None:
    write_json(study / "dataset_description.json", {"Name": "x", "BIDSVersion": "1.10.0", **stated})
    dataset = open_raw("bids", study)
    assert (dataset.credit.licence, dataset.credit.authors) == (licence, authors)
    assert note in " ".join(dataset.notes)
    assert ("states no" in " ".join(dataset.notes)) == bool(note)


def test_participants_with_such_a_cell_are_named(study: Path) -> None:
    (study / "participants.tsv").write_text("participant_id\toriginal_id\nsub-01\t" + "b" * 200_000)
    with pytest.raises(RtcanError, match=r"participants\.tsv, line 2: not a table"):
        open_raw("bids", study)


@pytest.mark.parametrize("said", ["yes", 1, None])
def test_it_is_not_guessed_whether_data_are_simulated(study: Path, said: object) -> None:
    write_json(study / "dataset_description.json", {"Name": "x", "Simulated": said})
    with pytest.raises(RtcanError, match=r"description\.json: Simulated is .*, not true or false"):
        open_raw("bids", study)


def test_simulated_data_have_no_authors(study: Path) -> None:
    write_json(study / "dataset_description.json", {"Simulated": True, "Authors": ["A"]})
    dataset = open_raw("bids", study)
    assert dataset.simulated
    assert dataset.credit.authors == ()
    assert "states no" not in " ".join(dataset.notes)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("sub-01\tA", "sub-02\tA"), "line 3: A or sub-02 is there twice"),
        (("sub-01\tA", "sub-01\tB"), "line 3: B or sub-01 is there twice"),
        (("sub-01\ta/b",), "line 2: original_id 'a/b' contains / or"),
        (("sub-01",), "line 2: 1 cells for 2 columns"),
    ],
)
def test_names_of_participants_that_are_not_sure_are_refused(
    study: Path, rows: tuple[str, ...], said: str
) -> None:
    (study / "participants.tsv").write_text("\n".join(["participant_id\toriginal_id", *rows]))
    with pytest.raises(RtcanError, match=said):
        open_raw("bids", study)


def test_subjects_have_their_original_names(study: Path) -> None:
    rows = ("participant_id\toriginal_id", "sub-01\tAnna", "sub-02\tn/a")
    (study / "participants.tsv").write_text("\n".join(rows))
    assert {key[0] for key in trials(open_raw("bids", study))} == {"Anna", "02"}


@pytest.mark.parametrize("simulated", [True, False])
def test_recordings_of_simulated_data_stay_simulated_however_they_are_read(
    study: Path, simulated: bool
) -> None:
    write_json(study / "dataset_description.json", {"Simulated": simulated})
    name = "sub-01/ses-1/func/sub-01_ses-1_task-music_physio.tsv.gz"
    assert is_simulated(study / name) == simulated
    row = f"1,a,6,3,{name},eda,2,10"
    (study / "trials.csv").write_text(
        f"subject,stimulus,valence,arousal,signal,column,start,duration\n{row}\n"
    )
    assert open_raw("table", study).simulated == simulated
