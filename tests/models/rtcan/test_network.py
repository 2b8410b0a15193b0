from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.layers.attention import RNTA, SCA
from rtcan_cli.models.registry import new_network
from rtcan_cli.models.rtcan.facts import VARIANTS
from rtcan_cli.models.rtcan.network import RTCAN, minimum_length
from rtcan_cli.models.rtcan.released import ReleasedRTCAN
from rtcan_cli.models.spec import ModelSpec

SMALL = (8, 8, 8, 8)


def n_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


# Yin et al. 2022, Table 5: SCA_Res, SCA, RNTA.
TABLE_5 = {
    "base": (False, False, False),
    "base-stem": (False, False, False),
    "Ra": (True, False, False),
    "Rb": (False, True, False),
    "Rc": (True, True, False),
    "Rd": (False, False, True),
    "Re": (False, True, True),
    "Rf": (True, True, True),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_hold_exactly_the_modules_of_table_5(variant: str) -> None:
    model = RTCAN(variant, SMALL)
    sca_res, sca, rnta = TABLE_5[variant]
    assert [type(m) for m in (model.sca, model.rnta)] == [
        SCA if sca else type(None),
        RNTA if rnta else type(None),
    ]
    assert (model.sfe is None) is (variant == "base")
    assert sum(isinstance(m, SCA) for m in model.rfe.modules()) == (8 if sca_res else 0)
    assert sum(isinstance(m, (SCA, RNTA)) for m in model.modules()) == sca + rnta + 8 * sca_res
    assert model.rfe.blocks[0].branch[0].in_channels == (3 if variant == "base" else 8)
    assert all(m.parts == 1 for m in model.rfe.modules() if isinstance(m, SCA))
    assert all(m.parts == 3 for m in (model.sca, model.rnta) if m is not None)


# Convolutions in front of BatchNorm have a bias in SFE and RNTA, none in RFE.
SFE_COUNT = 64 * 3 * 7 + 64 + 2 * 64
SCA_COUNT = (64 * 8 + 8) + (8 * 64 + 64)
RNTA_COUNT = 3 * (64 * 32 + 32) + (32 * 64 + 64) + 2 * 64
RFE_COUNT = 8 * (64 * 64 * 3 + 2 * 64) + 4 * (64 * 64 + 2 * 64) + (64 * 64 + 2 * 64)
BASE_LESS = (64 - 3) * 64 * 3 + (64 - 3) * 64  # the first block sees 3 channels, not 64
HEAD_COUNT = 256 * 128 + 128 + 128 * 2 + 2


@pytest.mark.parametrize("n_music", [0, 6373])
@pytest.mark.parametrize("variant", VARIANTS)
def test_parameter_counts(variant: str, n_music: int) -> None:
    sca_res, sca, rnta = TABLE_5[variant]
    expected = RFE_COUNT + (896 + n_music) * 256 + 256 + HEAD_COUNT
    front = {"base": -BASE_LESS, "base-stem": SFE_COUNT - 64}  # its stem has no bias
    expected += front.get(variant, SFE_COUNT)
    expected += sca * SCA_COUNT + sca_res * 8 * SCA_COUNT + rnta * RNTA_COUNT
    assert n_parameters(RTCAN(variant, n_music=n_music)) == expected


def test_the_largest_network_has_two_million_parameters() -> None:
    assert n_parameters(RTCAN("Rf", n_music=6373)) == 2_034_602


def test_wider_and_deeper_networks_of_table_4() -> None:
    model = RTCAN("Rf", (64, 128, 256, 512), depth=2)
    assert model.classifier[1].in_features == 512 * 14
    assert sum(isinstance(m, nn.Conv1d) and m.kernel_size == (3,) for m in model.modules()) == 16
    assert model.eval()(torch.randn(1, 3, 200)).shape == (1, 2)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("n_music", [0, 5])
def test_any_length_works(variant: str, n_music: int) -> None:
    model = RTCAN(variant, SMALL, n_music=n_music)
    music = torch.randn(2, n_music) if n_music else None
    for length in (minimum_length(variant), 50, 501, 2500):
        assert model.train()(torch.randn(2, 3, length), music).shape == (2, 2)


@settings(max_examples=40, deadline=None)
@given(
    variant=st.sampled_from(sorted(VARIANTS)),
    layout=st.sampled_from(["paper", "released"]),
    length=st.integers(11, 700),
    in_channels=st.integers(1, 5),
    widths=st.tuples(*[st.sampled_from([4, 8, 12])] * 4),
    n_classes=st.integers(2, 5),
)
def test_any_length_and_any_channels_give_a_row_of_logits(
    variant: str,
    layout: str,
    length: int,
    in_channels: int,
    widths: tuple[int, ...],
    n_classes: int,
) -> None:
    network = RTCAN if layout == "paper" or variant == "base" else ReleasedRTCAN
    model = network(variant, widths, n_classes=n_classes, in_channels=in_channels).eval()
    fronts = {}
    for name in ("sfe", "sca", "rnta"):
        if (module := getattr(model, name)) is not None:
            module.register_forward_hook(
                lambda _module, _input, output, name=name: fronts.update({name: output.shape})
            )
    assert model(torch.randn(2, in_channels, length)).shape == (2, n_classes)
    assert set(fronts.values()) <= {(2, widths[0], (length + 1) // 2)}
    assert len(fronts) == (variant != "base") + sum(TABLE_5[variant][1:])


def test_896_eda_values_at_the_papers_length() -> None:
    model = RTCAN("Rf").eval()
    shapes = {}
    for name in ("sfe", "sca", "rnta", "rfe"):
        getattr(model, name).register_forward_hook(
            lambda _module, _input, output, name=name: shapes.update({name: tuple(output.shape)})
        )
    assert model(torch.randn(2, 3, 2500)).shape == (2, 2)
    assert shapes == dict.fromkeys(("sfe", "sca", "rnta"), (2, 64, 1250)) | {"rfe": (2, 64, 14)}
    assert model.classifier[1].in_features == 896


@pytest.mark.parametrize(("variant", "shortest"), [("Rf", 11), ("Rd", 11), ("Rb", 5), ("Ra", 1)])
def test_too_short_inputs_are_refused(variant: str, shortest: int) -> None:
    assert minimum_length(variant) == shortest
    if shortest > 1:
        with pytest.raises(RtcanError, match=f"at least {shortest}"):
            RTCAN(variant, SMALL)(torch.randn(2, 3, shortest - 1))
        with pytest.raises(RtcanError, match=f"at least {shortest}"):
            new_network(ModelSpec(variant, SMALL, length=shortest - 1))


def test_unknown_variant_is_refused() -> None:
    with pytest.raises(RtcanError, match="Rz") as caught:
        RTCAN("Rz")
    assert "Rf" in str(caught.value.hint)


def test_music_reaches_the_answer() -> None:
    model = RTCAN("Rb", SMALL, n_music=4).eval()
    eda, music = torch.randn(3, 3, 60), torch.randn(3, 4)
    assert not torch.allclose(model(eda, music), model(eda, music + 1))
    with pytest.raises(ValueError, match="music"):
        model(eda)


def test_dropout_acts_in_training_only() -> None:
    model = RTCAN("base", SMALL, n_music=50, dropout=0.5)
    eda, music = torch.zeros(2, 3, 60), torch.randn(2, 50)
    assert not torch.equal(model.train()(eda, music), model(eda, music))
    assert torch.equal(model.eval()(eda, music), model(eda, music))


def test_output_is_not_rectified() -> None:
    model = RTCAN("Rf", SMALL).eval()
    nn.init.constant_(model.classifier[-1].bias, -5.0)
    assert torch.all(model(torch.randn(4, 3, 60)) < 0)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_reach_every_parameter(training: bool) -> None:
    torch.manual_seed(0)
    model = RTCAN("Rf", n_music=4).double().train(training)
    assert model.rnta is not None
    nn.init.ones_(model.rnta.W[1].weight)
    out = model(torch.randn(8, 3, 300, dtype=torch.float64), torch.randn(8, 4, dtype=torch.float64))
    out.square().sum().backward()
    # A shift of all keys shifts all similarities of a query alike, which softmax cancels; in
    # training BatchNorm cancels the bias in front of it.
    cancelled = {"rnta.phi.bias"}
    if training:
        cancelled |= {"sfe.0.bias", "rnta.W.0.bias", "rnta.g.bias"}
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        largest = parameter.grad.abs().max().item()
        if name in cancelled:
            assert largest < 1e-13, name
        else:
            assert largest > 1e-11, name


def test_untrained_rnta_passes_gradients_to_its_scale_only() -> None:
    model = RTCAN("Rd", SMALL)
    assert model.rnta is not None
    model(torch.randn(8, 3, 60)).square().sum().backward()
    assert model.rnta.W[1].weight.grad.abs().max() > 0
    assert model.rnta.theta.weight.grad.abs().max() == 0


def test_base_with_a_stem_differs_from_base_in_resolution_alone() -> None:
    plain, stem = (RTCAN(variant, SMALL).eval() for variant in ("base", "base-stem"))
    x = torch.randn(2, 3, 200)
    assert stem.sfe is not None
    conv, norm, relu = stem.sfe
    assert (conv.kernel_size, conv.stride, conv.bias) == ((7,), (2,), None)
    assert isinstance(norm, nn.BatchNorm1d)
    assert isinstance(relu, nn.ReLU)
    assert stem.sfe(x).min() >= 0
    # Stages see the same length as those of variants with attention, and half that of `base`.
    for model, lengths in ((plain, 200), (stem, 100), (RTCAN("Rf", SMALL).eval(), 100)):
        seen = []
        model.rfe.register_forward_pre_hook(lambda _module, given, seen=seen: seen.append(given[0]))
        model(x)
        assert seen[0].shape[-1] == lengths
    # It is the network without attention of the authors' code, but for what they do to its answer.
    released = ReleasedRTCAN("base-stem", SMALL).eval()
    released.load_state_dict(stem.state_dict())
    torch.testing.assert_close(released.logits(x), stem(x))
    torch.testing.assert_close(released(x), stem(x).clamp(min=0))
