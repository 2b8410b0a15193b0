"""What is said of the models that can be trained."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from rtcan_cli import choices, views
from rtcan_cli.models.registry import find
from rtcan_cli.results.base import as_data
from rtcan_cli.steps.overview.models import describe_model, list_models
from rtcan_cli.views.layout import table_lines
from tests.views.rows import rows_of


def test_every_model_is_listed_once() -> None:
    result = list_models()
    assert tuple(result.models["model"]) == get_args(choices.ModelName)
    (note,) = result.notes
    assert note.command == "rtcan models NAME"
    (table,) = views.page(result).tables
    assert [row["EDA"] for row in rows_of(table) if row["model"] == "majority"] == [None]


@pytest.mark.parametrize("name", get_args(choices.ModelName))
def test_a_model_is_described_as_its_file_has_it(name: choices.ModelName) -> None:
    model, said = find(name), json.loads(json.dumps(as_data(describe_model(name))))
    assert tuple(said["fusion"]) == model.fusion
    assert said["needs_recipe"] == (model.learner is None)
    assert len(said["candidates"]) == (len(model.grid) if len(model.grid) > 1 else 0)
    page = views.page(describe_model(name))
    shown = [row["setting"] for table in page.tables for row in rows_of(table)]
    assert shown == [model.setting(k) for k in range(len(said["candidates"]))]
    assert page.text.splitlines()[0] == model.doc.splitlines()[0]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_a_terminal(width: int) -> None:
    (table,) = views.page(list_models()).tables
    assert max(map(len, table_lines(table, width))) <= width
