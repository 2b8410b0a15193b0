"""Terms of datasets are those of docs/licences.md."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli.datasets.profiles import PROFILES
from rtcan_cli.datasets.terms import TERMS, terms_of

OWN = {"table", "bids"}


def test_terms_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "licences.md").read_text()
    for name, text in TERMS.items():
        title = PROFILES[name].title
        assert f"| {title} | {text}" in page
    assert TERMS.keys() == PROFILES.keys() - OWN


def test_simulated_data_have_no_terms() -> None:
    assert "simulated" in terms_of("deap", True)
    assert "licence agreement" in terms_of("deap", False)
    assert "add their terms" in terms_of("table", False)
