"""What is said of the models that can be trained."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from rtcan_cli import choices, views
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import every, find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.results.base import as_data
from rtcan_cli.runs.inputs import sources_for
from rtcan_cli.steps.overview.models import describe_model, list_models
from rtcan_cli.stores import Workspace
from rtcan_cli.stores.workspace import STEP_KINDS
from rtcan_cli.views.layout import table_lines
from tests.steps.training.test_sweep import SETTINGS
from tests.views.rows import rows_of


def test_every_model_is_listed_once() -> None:
    result = list_models()
    assert tuple(result.models["model"]) == get_args(choices.ModelName)
    (note,) = result.notes
    assert note.command == "rtcan models NAME"
    _, table = views.page(result).tables
    assert [row["EDA"] for row in rows_of(table) if row["model"] == "majority"] == [None]


@pytest.mark.parametrize("name", get_args(choices.ModelName))
def test_a_model_is_described_as_its_file_has_it(name: choices.ModelName) -> None:
    model, said = find(name), json.loads(json.dumps(as_data(describe_model(name))))
    assert tuple(said["fusion"]) == model.fusion
    assert said["needs_recipe"] == (model.is_network)
    assert len(said["candidates"]) == (len(model.grid) if len(model.grid) > 1 else 0)
    page = views.page(describe_model(name))
    shown = [row["setting"] for table in page.tables for row in rows_of(table)]
    assert shown == [model.setting(k) for k in range(len(said["candidates"]))]
    assert page.text.splitlines()[0] == model.doc.splitlines()[0]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_page_fits_a_terminal(width: int) -> None:
    for table in views.page(list_models()).tables:
        assert max(map(len, table_lines(table, width))) <= width


@pytest.mark.parametrize("model", every(), ids=lambda model: model.name)
def test_what_is_listed_is_what_train_asks_for_and_refuses(model: Model, tmp_path: Path) -> None:
    (row,) = (each for each in as_data(list_models())["models"] if each["model"] == model.name)
    stores = {kind: Workspace(tmp_path).store("pmemo", kind) for kind in STEP_KINDS}
    for fusion in get_args(choices.Fusion):
        for protocol in get_args(choices.Protocol):
            listed = fusion in row["fusion"].split(",") and protocol in row["protocols"].split(",")
            with nullcontext() if listed else pytest.raises(RtcanError):
                model.check(fusion, protocol)
        if fusion in row["fusion"].split(","):
            settings = replace(SETTINGS, spec=ModelSpec(model=model.name), fusion=fusion)
            sources = sources_for(settings, Workspace(tmp_path), "pmemo")
            read = {kind for kind in STEP_KINDS if getattr(sources, kind) == stores[kind]}
            needs = set(filter(None, row["needs"].split(",")))
            if fusion != model.fusion[0]:
                needs = set(row["needs_for_music"].split(","))
            assert read - {"labels"} == (needs if fusion != "music-only" else {"music"})
    assert row["needs_recipe"] == (model.is_network)


def test_a_person_reads_what_train_refuses() -> None:
    _, table = views.page(list_models()).tables
    rows = {row["model"]: row for row in rows_of(table)}
    assert rows["subject-prior"]["restrictions"] == "only --protocol trial or stimulus; no music"
    assert rows["svm-music"]["restrictions"] == "no EDA"
    assert (rows["svm-music"]["needs"], rows["svm-music"]["--recipe"]) == ("music-features", False)
    assert (rows["rtcan"]["needs"], rows["rtcan"]["restrictions"]) == (
        "decompose (music-features)",
        None,
    )
