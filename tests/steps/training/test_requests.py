"""What is trained from which stores, and which models are not possible."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rtcan_cli import choices
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.registry import find
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.training.combinations import combinations
from rtcan_cli.steps.training.requests import requests_for
from rtcan_cli.stores import Workspace
from tests.steps.training.test_combinations import ONE


def runs(*models: str) -> list[RunSettings]:
    """Runs without music, which svm-music cannot do without."""
    wanted = replace(ONE, models=[find(each) for each in models], fusions=["none"])
    return combinations(wanted, profile("pmemo"))


def test_models_that_are_not_possible_are_left_out_of_a_list(tmp_path: Path) -> None:
    stores = Workspace(tmp_path)
    given = {"components": tmp_path / "other.h5"}
    found, refused = requests_for(
        runs("svm-music", choices.MODEL, "majority"), stores, "pmemo", given
    )
    assert [each.settings.spec.model for each in found] == [choices.MODEL, "majority"]
    assert [each.sources.components for each in found] == [tmp_path / "other.h5", None]
    assert {each.sources.labels for each in found} == {stores.store("pmemo", "labels")}
    assert [each.output for each in found] == [
        stores.run("pmemo", each.settings.name()) for each in found
    ]
    (error,) = refused
    assert "svm-music cannot be used with the fusion 'none'" in str(error)


@pytest.mark.parametrize("models", [("svm-music",), ("svm-music", "music-mlp")])
def test_where_none_is_possible_the_first_reason_is_raised(
    tmp_path: Path, models: tuple[str, ...]
) -> None:
    with pytest.raises(RtcanError, match="svm-music cannot be used"):
        requests_for(runs(*models), Workspace(tmp_path), "pmemo", {})


def test_the_store_that_is_named_is_written(tmp_path: Path) -> None:
    ((request,), _) = requests_for(
        runs("majority"), Workspace(tmp_path), "pmemo", {}, tmp_path / "mine.h5"
    )
    assert request.output == tmp_path / "mine.h5"
