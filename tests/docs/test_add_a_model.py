"""The model that CONTRIBUTING.md shows how to add is one."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.models import registry
from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import find
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.run import cross_validate
from tests.training.simulated import spec_of, trials

ROOT = Path(__file__).parents[2]
NAME = "nearest-mean"


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the file of the page where a contributor puts it; return its text."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = page.partition("## Add a model")[2]
    source, entry = re.findall(r"```python\n(.*?)```", section, re.S)
    path = tmp_path / "nearest_mean.py"
    path.write_text(source, encoding="utf-8")
    name = "rtcan_cli.models.baselines.nearest_mean"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(registry.MODELS, NAME, eval(entry, {"Model": Model}))
    return str(source)


def test_the_example_is_short_and_says_what_it_is(added: str) -> None:
    assert len(added.splitlines()) < 60
    assert find(NAME).name == NAME
    assert "Source:" in find(NAME).doc


def test_the_example_trains_and_finds_what_is_there(added: str) -> None:
    model = find(NAME)
    data = trials(model, "none", "EDA")
    splits = PROTOCOLS["subject"].split(data.subject, data.stimulus, data.label, 3, seed=0)
    for candidate in range(len(model.grid)):
        spec = replace(spec_of(NAME, data), candidate=candidate)
        for fold in cross_validate(data, splits, PROTOCOLS["subject"], spec, None, seed=0):
            test = splits.roles(fold.fold).test
            assert fold.weights["means"].shape == (2, 128)
            assert np.mean((fold.test_probability > 0.5) == data.label[test]) > 0.6
