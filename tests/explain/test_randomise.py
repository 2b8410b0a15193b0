from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from rtcan_cli.explain.randomise import cascade, rank_correlation, stages, top_overlap, untrained
from rtcan_cli.models.rtcan.network import RTCAN
from tests.explain.test_maps import perturbed

EDA = np.random.default_rng(0).standard_normal((12, 3, 96)).astype(np.float32)


@pytest.mark.parametrize("variant", ["Rb", "Rf", "base"])
def test_stages_cover_every_weight_once_from_the_output_on(variant):
    model = RTCAN(variant, channels=(8, 8, 8, 8))
    parts = stages(model)
    found = [id(weight) for _, part in parts for weight in part.parameters()]
    assert sorted(found) == sorted(id(weight) for weight in model.parameters())
    names = [name for name, _ in parts]
    assert names[:4] == ["linear 3", "linear 2", "linear 1", "tail"]
    front = {"Rb": ["SCA", "SFE"], "Rf": ["RNTA", "SCA", "SFE"], "base": []}[variant]
    assert names[4:] == [f"stage {k}" for k in (4, 3, 2, 1)] + front


def test_the_cascade_changes_one_part_more_each_time_and_leaves_the_network():
    model = perturbed("Rf")
    before = copy.deepcopy(model.state_dict())
    last = dict(model.named_parameters())
    last = {name: weight.detach().clone() for name, weight in last.items()}
    owners = {id(w): name for name, part in stages(model) for w in part.parameters()}
    owner = {name: owners[id(weight)] for name, weight in model.named_parameters()}
    for stage, network in cascade(model, EDA, None, seed=0):
        now = {name: weight.detach().clone() for name, weight in network.named_parameters()}
        changed = {owner[name] for name in now if not torch.equal(now[name], last[name])}
        assert changed == {stage}
        with torch.no_grad():
            assert network(torch.from_numpy(EDA)).isfinite().all()
        last = now
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    end = untrained(model, EDA, None, seed=0).state_dict()
    assert all(torch.allclose(value, end[name]) for name, value in network.state_dict().items())


def test_similarities():
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 5, 200))
    other[1] = one[1] ** 3
    other[2] = 0.5
    one[3, :100], other[3, 50:] = 0, 0  # ties, as maps have
    expected = [np.nan if k == 2 else spearmanr(one[k], other[k])[0] for k in range(5)]
    np.testing.assert_allclose(rank_correlation(one, other), expected)
    overlap = top_overlap(one, other)
    assert overlap[1] == 1
    assert np.isnan(overlap[2])
    assert np.mean(top_overlap(*rng.random((2, 300, 200)))) == pytest.approx(0.1, abs=0.02)
