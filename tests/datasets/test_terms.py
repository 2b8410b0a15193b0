"""Terms of datasets are those of docs/licences.md."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli.datasets.profiles import PROFILES
from rtcan_cli.datasets.terms import AUTHORS, TERMS, terms_of

OWN = {"table", "bids"}


def test_terms_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "licences.md").read_text()
    for name, text in TERMS.items():
        title = PROFILES[name].title
        assert f"| {title} | {text}" in page
    assert TERMS.keys() == PROFILES.keys() - OWN


def test_simulated_data_have_no_terms() -> None:
    assert "simulated" in terms_of("deap", True, {})
    assert "licence agreement" in terms_of("deap", False, {})
    assert "add their terms" in terms_of("table", False, {})


def test_a_public_dataset_in_bids_is_not_called_the_users_own() -> None:
    stated = {"licence": "CC0", "authors": ["A. Author", "B. Other"]}
    assert terms_of("bids", False, stated) == (
        "The description of the dataset states this licence: CC0. Authors: A. Author, B. Other."
    )
    assert "licence is not known" in terms_of("bids", False, {})
    assert "own recordings" not in terms_of("bids", False, {})


def test_every_published_dataset_has_authors() -> None:
    assert AUTHORS.keys() == TERMS.keys()
    licence = Path(__file__).parents[2] / "examples" / "data" / "LICENSE-HKU956.md"
    assert all(name in licence.read_text() for name in AUTHORS["hku956"])
    assert "CC BY-NC 4.0. Authors: Xiao Hu" in terms_of("hku956", False, {})
