from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from rtcan_cli.eda.preprocess import CHANNELS
from rtcan_cli.errors import RtcanError
from rtcan_cli.explain.maps import attribute_trials
from rtcan_cli.models.registry import new_network
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.models.rtcan.released import (
    CHANNEL_ORDER,
    OWN_ORDER,
    ReleasedRTCAN,
    built_for,
    from_released_state_dict,
    to_released_state_dict,
)
from rtcan_cli.models.rtcan.released_file import read_state_dict
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build, rebuild, to_arrays
from rtcan_cli.training.predict import predict
from tests.models.rtcan.released_reference import Reference, published

KEYS = Path(__file__).with_name("released_keys.txt")
State = dict[str, Tensor]
#: What the published scripts build and can run: dataset, attention, non-local block, variant.
CONFIGURATIONS = {
    ("pmemo", True, True): "Rf",
    ("pmemo", True, False): "Rc",
    ("pmemo", False, True): "Rd",
    **{
        (dataset, *switches): variant
        for dataset in ("deap", "amigos")
        for switches, variant in {
            (True, True): "Re",
            (True, False): "Rb",
            (False, True): "Rd",
            (False, False): "base-stem",
        }.items()
    },
}
#: Variants of the layout.
VARIANTS = ("base-stem", "Ra", "Rb", "Rc", "Rd", "Re", "Rf")
REAL = os.environ.get("RTCAN_REAL_DATA")


def in_order(eda: dict[str, Tensor], channels: tuple[str, ...]) -> Tensor:
    return torch.stack([eda[name] for name in channels], dim=1)


def trials(n: int, n_music: int, length: int = 2500) -> tuple[dict[str, Tensor], Tensor | None]:
    """Random walks, as slow as EDA, of standard deviation 1."""
    generator = torch.Generator().manual_seed(1)
    eda = {}
    for name in CHANNELS:
        walk = torch.randn(n, length, generator=generator).cumsum(dim=1)
        eda[name] = (walk - walk.mean(dim=1, keepdim=True)) / walk.std(dim=1, keepdim=True)
    return eda, torch.randn(n, n_music, generator=generator) if n_music else None


def published_shapes() -> dict[str, tuple[int, ...]]:
    found = {}
    for line in KEYS.read_text().splitlines():
        name, _, shape = line.partition(" ")
        found[name] = tuple(int(n) for n in shape.strip("()").split(",") if n.strip())
    return found


def agree(found: Tensor, expected: Tensor) -> None:
    """To 1e-5 of their spread, over trials and outputs."""
    assert (found - expected).abs().max() <= 1e-5 * expected.std()


@pytest.mark.skipif(REAL is None, reason="RTCAN_REAL_DATA does not name a folder")
@pytest.mark.parametrize(
    "name",
    [
        "pmemo_mus_att1_nl1",
        "pmemo_eda_att1_nl0",
        "pmemo_eda_att0_nl1",
        "deap_att1_nl1",
        "deap_att0_nl0",
        "amigos_att0_nl1",
    ],
)
def test_answers_are_those_that_the_published_code_gave(name: str) -> None:
    assert REAL is not None
    folder = Path(REAL) / "released_network"
    if not folder.is_dir():
        pytest.skip("RTCAN_REAL_DATA has no released_network")
    given, answers = np.load(folder / "inputs.npz"), np.load(folder / f"{name}.npz")
    dataset = name.partition("_")[0]
    state = read_state_dict(folder / f"{name}.pt")
    ours = from_released_state_dict(state, CHANNEL_ORDER[dataset])
    eda = torch.from_numpy(given["eda_original_phasic_tonic"])
    music = torch.from_numpy(given["music"]) if "mus" in name else None
    with torch.no_grad():
        logits, scores = ours.logits(eda, music), ours(eda, music)
    agree(logits, torch.from_numpy(answers["logits_before_last_activation"]))
    output = torch.from_numpy(answers["output"])
    agree(scores.softmax(dim=1) if "mus" in name else scores, output)
    # Called high where the second output is larger, and where both are equal, the first counts.
    high = predict(ours, eda.numpy(), None if music is None else music.numpy()) > 0.5
    assert high.tolist() == (output.argmax(dim=1) == 1).tolist()
    assert dataset in built_for(state)
    assert ("pmemo" in built_for(state)) is (dataset == "pmemo")


@pytest.mark.parametrize(
    ("dataset", "attention", "non_local", "n_music"),
    [
        (*configuration, n_music)
        for configuration in CONFIGURATIONS
        for n_music in ((0, 6373) if configuration[0] == "pmemo" else (0,))
    ],
)
def test_an_imported_network_gives_the_answers_of_the_one_it_came_from(
    dataset: str, attention: bool, non_local: bool, n_music: int
) -> None:
    theirs = published(dataset, n_music=n_music, attention=attention, non_local=non_local)
    state = theirs.state_dict()
    ours = from_released_state_dict(state, CHANNEL_ORDER[dataset])
    assert ours.variant == CONFIGURATIONS[dataset, attention, non_local]
    assert ours.n_music == n_music
    assert not ours.training
    assert built_for(state) == (("pmemo",) if dataset == "pmemo" else ("deap", "amigos"))
    # In double precision, rounding hides no difference.
    theirs, ours = theirs.double(), ours.double()
    channels, songs = trials(4, n_music)
    eda = {name: signal.double() for name, signal in channels.items()}
    music = None if songs is None else songs.double()
    x, y = in_order(eda, CHANNELS), in_order(eda, CHANNEL_ORDER[dataset])
    with torch.no_grad():
        expected, output, scores = theirs(y, music), theirs.output(y, music), ours(x, music)
        torch.testing.assert_close(ours.logits(x, music), expected, rtol=1e-9, atol=1e-9)
        found = scores.softmax(dim=1) if n_music else scores
        torch.testing.assert_close(found, output, rtol=1e-9, atol=1e-9)
        assert expected.std(dim=0).min() > 0.01  # they depend on the trial
        # With its channels in the wrong order it says something else.
        assert (theirs(x, music) - expected).abs().max() > 0.01


@pytest.mark.parametrize("n_music", [0, 6373])
def test_pmemos_network_without_attention_is_refused_with_the_reason(n_music: int) -> None:
    theirs = published("pmemo", n_music=n_music, attention=False, non_local=False)
    with pytest.raises(
        RuntimeError, match="cannot be multiplied"
    ):  # it fails in the published code as well
        theirs(torch.randn(16, 3, 2500), torch.randn(16, n_music) if n_music else None)
    with pytest.raises(RtcanError, match="takes 512 values of the EDA, its residual part gives"):
        from_released_state_dict(theirs.state_dict(), CHANNEL_ORDER["pmemo"])


def test_entries_in_another_order_do_not_tell_the_dataset() -> None:
    state = published("deap").state_dict()
    assert built_for(dict(sorted(state.items()))) == tuple(CHANNEL_ORDER)
    several = {f"module.{name}": tensor for name, tensor in state.items()}
    assert built_for(several) == ("deap", "amigos")
    # What only one of the networks has tells it in any order.
    assert built_for(dict(sorted(published("pmemo").state_dict().items()))) == ("pmemo",)


def test_where_the_last_relu_cuts_off_both_outputs_the_class_is_low() -> None:
    ours = from_released_state_dict(published("amigos").state_dict(), CHANNEL_ORDER["amigos"])
    x = in_order(trials(3, 0)[0], CHANNELS)
    before = attribute_trials(ours, x.numpy(), class_index=[0, 0, 0])
    assert before.weight.any()
    with torch.no_grad():
        ours.classifier[6].bias.copy_(torch.tensor([-1000.0, -500.0]))  # high is the larger logit
    assert torch.equal(ours(x), torch.zeros(3, 2))
    assert predict(ours, x.numpy()).tolist() == [0.5] * 3
    # A map explains the logit, whose gradient a bias leaves as it is, and the ReLU too.
    after = attribute_trials(ours, x.numpy())
    assert after.class_index.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(after.channels, before.channels)


def test_there_and_back_again() -> None:
    theirs = published(n_music=7, seed=5).state_dict()
    order = CHANNEL_ORDER["pmemo"]
    again = to_released_state_dict(from_released_state_dict(theirs, order), order)
    assert again.keys() == theirs.keys()
    for name, tensor in theirs.items():
        if name.startswith("Res_sub.fc."):
            assert not again[name].any()
        else:
            assert torch.equal(again[name], tensor), name
    Reference(n_music=7).load_state_dict(again)


def test_names_and_shapes_are_the_published_ones() -> None:
    expected = published_shapes()
    assert len(expected) == 142
    model = ReleasedRTCAN("Rf", n_music=6373)
    state = to_released_state_dict(model, CHANNEL_ORDER["pmemo"])
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == expected
    reference = Reference(n_music=6373).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in reference.items()} == expected


def test_number_of_classes_is_that_of_the_last_layer() -> None:
    theirs = published(n_classes=4)
    ours = from_released_state_dict(theirs.state_dict(), OWN_ORDER)
    x = torch.randn(2, 3, 2500)
    torch.testing.assert_close(ours.logits(x), theirs(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_other_floating_types_become_single_precision(kind: torch.dtype) -> None:
    state = {
        name: tensor.to(kind) if tensor.is_floating_point() else tensor
        for name, tensor in published().state_dict().items()
    }
    ours = from_released_state_dict(state, OWN_ORDER)
    assert {parameter.dtype for parameter in ours.parameters()} == {torch.float32}
    assert torch.equal(ours.classifier[6].weight, state["regression.4.weight"].float())


def test_prefix_of_several_gpus_and_what_nobody_needs_may_be_there_or_not() -> None:
    full = published().state_dict()
    lean = {
        f"module.{name}": tensor
        for name, tensor in full.items()
        if "num_batches" not in name and not name.startswith("Res_sub.fc")
    }
    x = torch.randn(2, 3, 2500)
    one, other = (from_released_state_dict(state, OWN_ORDER) for state in (full, lean))
    assert torch.equal(one.logits(x), other.logits(x))


def lacking(state: State) -> State:
    return {name: t for name, t in state.items() if not name.startswith("Res_sub.layer3x3_2.")}


def with_more(state: State) -> State:
    return state | {"Non_local.non_local.g.weight": torch.ones(1)}


def wider(state: State) -> State:
    return state | {"origin_block.0.weight": torch.zeros(128, 3, 7)}


def narrower(state: State) -> State:
    return state | {"regression.0.weight": torch.zeros(256, 100)}


def not_finite(state: State) -> State:
    return state | {"regression.2.bias": torch.full((128,), torch.nan)}


def too_large_for_single_precision(state: State) -> State:
    return state | {
        "regression.2.bias": torch.full_like(state["regression.2.bias"].double(), 1e300)
    }


def negative_variance(state: State) -> State:
    return state | {
        name: -tensor for name, tensor in state.items() if name == "origin_block.1.running_var"
    }


def twice(state: State) -> State:
    return state | {f"module.{name}": torch.zeros_like(x) for name, x in state.items()}


def whole_numbers(state: State) -> State:
    return state | {"regression.2.bias": torch.zeros(128, dtype=torch.int64)}


def of_another_network(state: State) -> State:
    return RTCAN("Rf").state_dict()


def without_attention(state: State) -> State:
    return {name: t for name, t in state.items() if not ("Attention" in name or "local" in name)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lacking, r"lacks 'Res_sub.layer3x3_2.0.Att.* and 20 more"),
        (with_more, r"has the unknown 'Non_local.non_local.g.weight'$"),
        (wider, r"'origin_block.0.weight' \(128, 3, 7\) instead of \(64, 3, 7\)"),
        (narrower, r"'regression.0.weight' \(256, 100\) instead of \(256, 896\)"),
        (not_finite, r"not finite numbers: 'regression.2.bias'"),
        (too_large_for_single_precision, r"not finite numbers: 'regression.2.bias'"),
        (negative_variance, r"negative variances: 'origin_block.1.running_var'"),
        (twice, r"contains two state dicts"),
        (whole_numbers, r"not finite numbers: 'regression.2.bias'"),
        (of_another_network, r"lacks 'origin_block.0.weight', .* more and has the unknown 'sfe.0"),
        (without_attention, r"lacks 'Attention.conv_du.0.weight'"),
        (lambda state: {}, r"lacks 'origin_block.0.weight'"),
    ],
)
def test_other_state_dicts_are_refused_by_name(
    change: Callable[[State], State], message: str
) -> None:
    with pytest.raises(RtcanError, match=message):
        from_released_state_dict(change(published().state_dict()), OWN_ORDER)


@pytest.mark.parametrize("claimed", [0, 10**12])
def test_absurd_shapes_take_no_memory(claimed: int) -> None:
    state = published().state_dict()
    state["regression.0.weight"] = torch.zeros(1, 1).expand(256, 1)[:, :0].expand(256, 0)
    state["regression.4.weight"] = torch.zeros(1, 128).expand(claimed, 128)
    with pytest.raises(RtcanError, match="another shape"):
        from_released_state_dict(state, OWN_ORDER)


def test_own_order_is_that_of_the_networks_input() -> None:
    assert OWN_ORDER == CHANNELS


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("length", [50, 501, 2500])
def test_the_layout_can_be_trained_at_any_length(variant: str, length: int) -> None:
    spec = ModelSpec(variant, (16, 16, 16, 16), n_music=5, length=length, layout="released")
    model = build(spec, "default", seed=0).train()
    assert isinstance(model, ReleasedRTCAN)
    if model.rnta is not None:
        torch.nn.init.ones_(model.rnta.W[1].weight)
    model(torch.randn(6, 3, length), torch.randn(6, 5)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    x, music = torch.randn(3, 3, length), torch.randn(3, 5)
    again = rebuild(to_arrays(model), spec)
    assert torch.equal(again(x, music), model.eval()(x, music))


def test_untrained_temporal_attention_is_the_identity() -> None:
    model = ReleasedRTCAN("Rd").train()
    assert model.rnta is not None
    x = torch.randn(4, 64, 31)
    assert torch.equal(model.rnta(x), x)


def test_the_two_layouts_take_the_same_arrays_but_do_different_things() -> None:
    paper, released = (ModelSpec("Rf", layout=layout) for layout in ("paper", "released"))
    arrays = to_arrays(from_released_state_dict(published().state_dict(), OWN_ORDER))
    x = torch.randn(2, 3, 2500)
    one, other = (rebuild(arrays, layout) for layout in (paper, released))
    assert isinstance(one, RTCAN)
    assert isinstance(other, RTCAN)
    assert not torch.allclose(one.logits(x), other.logits(x), atol=1e-2)


def test_what_the_layout_lacks_is_refused() -> None:
    with pytest.raises(RtcanError, match="'base'") as caught:
        new_network(ModelSpec("base", layout="released"))
    assert "--variant base-stem" in str(caught.value.hint)
    with pytest.raises(RtcanError, match="layout 'unpublished'"):
        new_network(ModelSpec("Rf", layout="unpublished"))
    with pytest.raises(ValueError, match="no name in the published code"):
        to_released_state_dict(ReleasedRTCAN("Rf", depth=2), OWN_ORDER)
