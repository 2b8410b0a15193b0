from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from rtcan_cli import choices
from rtcan_cli.errors import RtcanError
from rtcan_cli.models import baselines
from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import every, find
from rtcan_cli.models.spec import ModelSpec

NETWORKS = [model for model in every() if model.is_network]


def test_every_file_of_a_baseline_is_a_model_of_that_name() -> None:
    files = {path.stem for path in Path(baselines.__path__[0]).glob("*.py")} - {"__init__"}
    names = {model.name for model in every()}
    assert {name.replace("_", "-") for name in files} | {choices.MODEL} == names
    assert [model.name for model in every()] == list(get_args(choices.ModelName))


@pytest.mark.parametrize("model", every(), ids=lambda model: model.name)
def test_each_says_what_it_is(model: Model) -> None:
    assert len(model.doc.splitlines()) >= 3
    assert model.title
    assert model.source
    for fusion in model.fusion:
        assert model.inputs(fusion)


@pytest.mark.parametrize("model", NETWORKS, ids=lambda model: model.name)
def test_networks_take_every_fusion_and_every_candidate(model: Model) -> None:
    for fusion in model.fusion:
        for candidate in range(len(model.grid)):
            spec = ModelSpec(
                "Rf" if model.name == choices.MODEL else "",
                n_music=0 if fusion == "none" else 11,
                length=300,
                model=model.name,
                n_features=(len(model.features) or 128) * (model.sees(fusion) == "features"),
                candidate=candidate,
            )
            shape = {"signals": (4, 3, 300), "features": (4, spec.n_features), "none": (4, 0)}
            eda = torch.randn(shape[model.sees(fusion)])
            music = torch.randn(4, 11) if spec.n_music else None
            logits = model.build(spec)(eda, music)
            assert logits.shape == (4, 2)
            assert torch.isfinite(logits).all()


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(RtcanError, match="no model 'elvis'"):
        find("elvis")
    with pytest.raises(RtcanError, match="cannot be used with the fusion"):
        find("majority").check("music", "subject")
    with pytest.raises(ValueError, match="a learner sees features"):
        Model("x", "x", "x", "signals", ("none",), "learner")
    with pytest.raises(ValueError, match="is not a network"):
        find("majority").build(ModelSpec(model="majority"))
    with pytest.raises(ValueError, match="is not a learner"):
        find("rtcan").make_learner(ModelSpec())


def test_settings_of_candidates_are_words() -> None:
    model = Model("x", "x", "x", "none", ("none",), "learner", grid=({"C": 0.1}, {"C": 1.0}))
    assert model.setting(1) == "C=1.0"
    assert find("majority").setting(0) == ""
    np.testing.assert_equal(len(model.grid), 2)
