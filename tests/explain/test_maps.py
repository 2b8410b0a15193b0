from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from rtcan_cli.errors import RtcanError
from rtcan_cli.explain import attribute
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.models.rtcan.released import ReleasedRTCAN

LENGTH, START, STOP = 240, 150, 180  # the class is in START..STOP of the phasic channel


class OnlyOneInterval(nn.Module):
    """Scores high by a weighted sum of the rectified input over one interval, low by minus that."""

    variant = "Rb"
    rnta = None

    def __init__(self) -> None:
        super().__init__()
        self.sca, self.relu = nn.Identity(), nn.ReLU()
        window = torch.zeros(3, LENGTH)
        window[:, START:STOP] = torch.rand(3, STOP - START, generator=seeded(1))
        self.window = nn.Parameter(window)

    def forward(self, eda, music=None):
        return self.logits(eda, music)

    def logits(self, eda, music=None):
        score = (self.sca(self.relu(eda)) * self.window).sum(dim=(1, 2))
        return torch.stack([-score, score], dim=1)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def trials(n, generator):
    """Noise with a bump anywhere early; if high, another in the interval."""
    label = torch.randint(0, 2, (n,), generator=generator)
    eda = torch.randn(n, 3, LENGTH, generator=generator)
    bump = 3 * torch.hann_window(STOP - START)
    for trial, start in enumerate(torch.randint(0, START - 50, (n,), generator=generator)):
        eda[trial, 1, start : start + len(bump)] += bump
    eda[label == 1, 1, START:STOP] += bump
    return eda, label


@pytest.fixture(scope="module", params=["Rb", pytest.param("Rf", marks=pytest.mark.long)])
def trained(request):
    torch.manual_seed(0)
    model = RTCAN(request.param, channels=(8, 8, 8, 8))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator = seeded(0)
    for _ in range(60):
        eda, label = trials(48, generator)
        optimizer.zero_grad()
        F.cross_entropy(model(eda), label).backward()
        optimizer.step()
    return model.eval()


@pytest.fixture(scope="module")
def high_trials():
    eda, label = trials(24, seeded(1))
    return eda[label == 1].numpy()


def mass_in_interval(model, eda):
    weight = [attribute(model, each, class_index=1).weight for each in eda]
    return float(np.mean([each[START:STOP].sum() / each.sum() for each in weight if each.any()]))


def test_a_network_that_can_be_worked_out_by_hand():
    model = OnlyOneInterval()
    eda = torch.randn(3, LENGTH, generator=seeded(2)).numpy()
    result = attribute(model, eda, class_index=1)

    window = model.window.detach().numpy()
    cam = (window.mean(axis=1, keepdims=True) * np.maximum(eda, 0)).sum(axis=0)
    expected = cam * window * (eda > 0)
    np.testing.assert_allclose(result.channels, expected, rtol=1e-5)
    summed = np.abs(expected).sum(axis=0)
    np.testing.assert_allclose(result.weight, summed / summed.max(), rtol=1e-5)
    assert not result.weight[:START].any()
    assert not result.weight[STOP:].any()
    score = (window * np.maximum(eda, 0)).sum()
    assert result.probability == pytest.approx(1 / (1 + np.exp(-2 * score)))


def test_a_map_without_anything_for_the_class_is_flagged():
    eda = torch.randn(3, LENGTH, generator=seeded(2)).numpy()
    against = attribute(OnlyOneInterval(), eda, class_index=0)
    assert against.is_empty
    assert not against.weight.any()
    assert not attribute(OnlyOneInterval(), eda, class_index=1).is_empty


def test_attention_lies_where_the_class_is(trained, high_trials):
    chance = (STOP - START) / LENGTH
    assert mass_in_interval(trained, high_trials) > 4 * chance


def test_attention_depends_on_the_weights(trained, high_trials):
    # A network without training still follows the input, so the drop is clear but not to chance.
    learned = mass_in_interval(trained, high_trials)
    for seed in range(3):
        other = copy.deepcopy(trained)
        torch.manual_seed(seed)
        for module in other.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
        assert mass_in_interval(other, high_trials) < 0.75 * learned
        pairs = [
            [attribute(model, eda, class_index=1).weight for model in (trained, other)]
            for eda in high_trials
        ]
        assert np.mean([np.corrcoef(*pair)[0, 1] for pair in pairs if pair[1].any()]) < 0.6


def test_weight_is_between_0_and_1_and_the_prediction_is_explained(trained, high_trials):
    result = attribute(trained, high_trials[0])
    probability = trained(torch.as_tensor(high_trials[:1])).softmax(dim=1)[0].detach().numpy()
    assert result.channels.shape == (3, LENGTH)
    assert result.weight.shape == (LENGTH,)
    assert (result.weight.min() >= 0, result.weight.max()) == (True, 1)
    assert result.class_index == probability.argmax()
    assert result.probability == pytest.approx(probability.max(), rel=1e-5)


class EveryReLUGuided(TorchFunctionMode):
    """Lets back only positive gradients through each ReLU, be it a module or a function."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        if func in (F.relu, torch.relu, torch.Tensor.relu):
            found.register_hook(lambda gradient: gradient.clamp(min=0))
        return found


@pytest.mark.parametrize("kind", [RTCAN, ReleasedRTCAN])
@pytest.mark.parametrize("variant", ["Rb", "Rc", "Rd", "Re", "Rf"])
@pytest.mark.parametrize("n_music", [0, 5])
def test_no_relu_is_left_out_of_guided_backpropagation(kind, variant, n_music):
    """Captum finds modules only; see Springenberg et al., Striving for Simplicity, 2015."""
    model = perturbed(variant, n_music, kind)
    eda = torch.randn(1, 3, 120, generator=seeded(5), requires_grad=True)
    music = torch.randn(1, n_music, generator=seeded(6)) if n_music else None
    ours = attribute(model, eda[0].detach().numpy(), None if music is None else music[0].numpy(), 1)

    plain = model.logits(eda, music)[0, 1]
    with EveryReLUGuided():
        guided = model.logits(eda, music)[0, 1]
    (plain,), (guided,) = (torch.autograd.grad(score, eda) for score in (plain, guided))
    start = LayerGradCam(model.logits, getattr(model, ours.layer)).attribute(
        eda, 1, additional_forward_args=(music,), relu_attributions=True
    )
    cam = LayerAttribution.interpolate(start, eda.shape[-1:], "linear")
    expected = (cam * guided)[0].detach().numpy()
    assert expected.any()
    np.testing.assert_allclose(ours.channels, expected, rtol=1e-6, atol=1e-12)
    assert not torch.allclose(plain, guided)


def perturbed(variant, n_music=0, kind=RTCAN):
    """Return a network whose temporal attention is not the identity, as after training."""
    torch.manual_seed(7)
    model = kind(variant, channels=(8, 8, 8, 8), n_music=n_music)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape)
    return model.eval()


@pytest.mark.parametrize(
    ("variant", "layer"),
    [("Rb", "sca"), ("Rc", "sca"), ("Rd", "rnta"), ("Re", "rnta"), ("Rf", "rnta")],
)
def test_the_deepest_attention_module_is_the_start(variant, layer):
    assert attribute(perturbed(variant), np.ones((3, 60))).layer == layer


@pytest.mark.parametrize("variant", ["base", "Ra"])
def test_a_network_without_attention_is_refused(variant):
    with pytest.raises(RtcanError, match=f"{variant} has no attention module") as raised:
        attribute(perturbed(variant), np.ones((3, 60)))
    assert "Rf" in raised.value.hint


def test_a_network_that_diverged_is_named():
    model = perturbed("Rb")
    model.classifier[1].weight.data.fill_(float("nan"))
    with pytest.raises(RtcanError, match="no finite output"):
        attribute(model, np.ones((3, 60)))


def test_the_network_is_left_as_it_was():
    model = perturbed("Rf").train()
    before = copy.deepcopy(model.state_dict())
    eda = np.random.default_rng(0).standard_normal((3, 60))
    given = eda.copy()
    first, second = attribute(model, eda), attribute(model, eda)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    np.testing.assert_array_equal(eda, given)
    np.testing.assert_array_equal(first.channels, second.channels)
