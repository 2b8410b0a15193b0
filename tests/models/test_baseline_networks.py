"""Networks that RTCAN-1D is compared with: their sizes, against their sources where these say."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.models.baselines import alexnet2d, inceptiontime, res_sin
from rtcan_cli.models.layers.convolution import MaxPool
from rtcan_cli.models.layers.head import Headed, classifier
from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import every, find
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.models.spec import ModelSpec

NETWORKS = [model for model in every() if model.is_network and model.name != "rtcan"]
SIGNALS = [model for model in NETWORKS if model.eda == "signals"]
FUSED = [(model, fusion) for model in NETWORKS for fusion in model.fusion]


def name_of(case: Any) -> str | None:
    return case.name if isinstance(case, Model) else None


def spec_of(model: Model, fusion: str, length: int = 2500, candidate: int = 0) -> ModelSpec:
    return ModelSpec(
        n_music=0 if fusion == "none" else 6373,
        length=length,
        model=model.name,
        n_features=(len(model.features) or 128) * (model.eda == "features"),
        candidate=candidate,
    )


def inputs_of(spec: ModelSpec, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor | None]:
    model = find(spec.model)
    shape = {"signals": (3, spec.length), "features": (spec.n_features,), "none": (0,)}[model.eda]
    music = torch.randn(batch, spec.n_music) if spec.n_music else None
    return torch.randn(batch, *shape), music


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def head_count(n_inputs: int) -> int:
    return n_inputs * 256 + 256 + 256 * 128 + 128 + 128 * 2 + 2


# Convolutions without bias (n_in, n_out, kernel), each followed by a BatchNorm of 2 n_out.
def convolutions(*layers: tuple[int, int, int]) -> int:
    return sum(n_in * n_out * kernel + 2 * n_out for n_in, n_out, kernel in layers)


# Published: AlexNet has 60 965 224 weights with its three last layers (BVLC's bvlc_alexnet, whose
# layers are those of Krizhevsky et al. 2012), ResNet-18 has 11 689 512 with its last one
# (torchvision). Here these layers are replaced.
ALEXNET = 60_965_224 - (9216 * 4096 + 4096) - (4096 * 4096 + 4096) - (4096 * 1000 + 1000)
RESNET18 = 11_689_512 - (512 * 1000 + 1000)
INCEPTION = convolutions((3, 128, 1), (128, 128, 1)) + sum(
    2 * n_in * 32 + 32 * 32 * (40 + 20 + 10) + 2 * 128 for n_in in (3, 128, 128, 128, 128, 128)
)
BODIES = {
    "cnn3-eda": (convolutions((1, 64, 3), (64, 64, 3), (64, 64, 3)), 64 * 16),
    "res-sin": (RESNET18, 512),
    "mlp": (0, 30),
    "dcnn": (convolutions((1, 128, 10), *[(128, 128, 4)] * 3), 128),
    "cnn3-raw": (convolutions((1, 32, 3), (32, 32, 3), (32, 32, 3)), 32 * 14),
    "alexnet2d": (ALEXNET + 2 * (96 + 256 + 384 + 384 + 256), 256 * 2 * 2),
    "inceptiontime": (INCEPTION, 128),
    "music-mlp": (0, 0),
}


@pytest.mark.parametrize(("model", "fusion"), FUSED, ids=name_of)
def test_weights_are_counted_as_in_the_source(model: Model, fusion: str) -> None:
    spec = spec_of(model, fusion)
    network = model.build(spec)
    body, n_values = BODIES[model.name]
    assert count(network) == body + head_count(n_values + spec.n_music)
    if fusion == model.fusion[0]:
        assert f"{count(network):,} weights".replace(",", " ") in " ".join(model.doc.split())


def test_all_end_in_the_classifier_of_rtcan() -> None:
    theirs = RTCAN("Rf", n_music=11, dropout=0.3).classifier
    ours = classifier(896 + 11, 0.3)
    assert str(ours) == str(theirs)
    for model in NETWORKS:
        network = model.build(spec_of(model, model.fusion[0]), dropout=0.3)
        assert isinstance(network, Headed)
        assert [m.p for m in network.modules() if isinstance(m, nn.Dropout)] == [0.3, 0.3]


def shapes(network: nn.Module, spec: ModelSpec, *kinds: type[nn.Module]) -> list[tuple[int, ...]]:
    """What modules of some kinds return for a trial, each shape once in a row."""
    found: list[tuple[int, ...]] = []

    def note(_module: nn.Module, _input: object, output: torch.Tensor) -> None:
        if not found or found[-1] != tuple(output.shape[1:]):
            found.append(tuple(output.shape[1:]))

    for module in network.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(note)
    network.eval()(*inputs_of(spec))
    return found


@pytest.mark.parametrize(
    ("name", "kinds", "expected"),
    [
        ("cnn3-eda", (nn.ReLU,), [(64, 64), (64, 32), (64, 16), (256,), (128,)]),
        (
            "dcnn",
            (MaxPool, nn.AdaptiveAvgPool1d),
            [(128, 626), (128, 157), (128, 40), (128, 1)],
        ),
        ("cnn3-raw", (MaxPool,), [(32, 625), (32, 157), (32, 40)]),
        ("alexnet2d", (nn.MaxPool2d,), [(96, 13, 13), (256, 6, 6), (256, 2, 2)]),
        (
            "res-sin",
            (nn.MaxPool2d, res_sin.Block, res_sin.ResSinBody),
            [(64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2), (512,)],
        ),
        (
            "inceptiontime",
            (inceptiontime.InceptionModule, inceptiontime.InceptionNetwork),
            [(128, 500), (128,)],
        ),
    ],
)
def test_maps_have_the_shapes_that_are_drawn(
    name: str, kinds: tuple[type[nn.Module], ...], expected: list[tuple[int, ...]]
) -> None:
    spec = spec_of(find(name), "none")
    assert shapes(find(name).build(spec), spec, *kinds) == expected


@pytest.mark.parametrize("model", SIGNALS, ids=name_of)
@pytest.mark.parametrize("length", [1, 2, 63, 501])
def test_any_length_works(model: Model, length: int) -> None:
    spec = spec_of(model, "none", length, candidate=len(model.grid) - 1)
    logits = model.build(spec).train()(*inputs_of(spec))
    assert logits.shape == (2, 2)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("model", SIGNALS, ids=name_of)
def test_networks_see_the_channels_that_they_say(model: Model) -> None:
    torch.manual_seed(0)
    spec = spec_of(model, "none", 250)
    network = model.build(spec).eval()
    eda, _ = inputs_of(spec)
    seen = []
    for channel in range(3):
        other = eda.clone()
        other[:, channel] = other[:, channel].flip(-1)
        seen.append(not torch.allclose(network(other), network(eda), atol=1e-7))
    raw = model.name in ("dcnn", "cnn3-raw")
    assert seen == [True, not raw, not raw]


@pytest.mark.parametrize(("model", "fusion"), FUSED, ids=name_of)
def test_every_weight_learns_also_in_bfloat16(model: Model, fusion: str) -> None:
    spec = spec_of(model, fusion, 250)
    network = model.build(spec).train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(*inputs_of(spec, 4))
    F.cross_entropy(logits.float(), torch.tensor([0, 1, 0, 1])).backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


def test_music_is_needed_where_it_is_heard() -> None:
    spec = spec_of(find("music-mlp"), "music-only")
    network = find("music-mlp").build(spec)
    eda, music = inputs_of(spec)
    assert network(eda, music).shape == (2, 2)
    with pytest.raises(ValueError, match="needs the music"):
        network(eda)


def test_an_inception_module_pads_as_keras_does() -> None:
    module = inceptiontime.InceptionModule(5).eval()
    x = torch.randn(2, 5, 61)
    narrow = F.conv1d(x, module.bottleneck.weight)
    pieces = [
        F.conv1d(F.pad(narrow, ((kernel - 1) // 2, kernel // 2)), conv.weight)
        for kernel, conv in zip((40, 20, 10), module.convolutions, strict=True)
    ]
    pieces.append(F.conv1d(F.max_pool1d(x, 3, 1, 1), module.maximum[1].weight))
    expected = F.relu(F.batch_norm(torch.cat(pieces, 1), torch.zeros(128), torch.ones(128)))
    torch.testing.assert_close(module(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("name", "reach"), [("dcnn", 325), ("inceptiontime", 235)])
def test_a_value_before_the_mean_sees_so_many_samples(name: str, reach: int) -> None:
    body = find(name).build(spec_of(find(name), "none", 500)).body.double().eval()
    for module in body.modules():
        if isinstance(module, nn.Conv1d):
            nn.init.constant_(module.weight, 0.01)
    maps: list[torch.Tensor] = []
    if name == "dcnn":  # a mean passes the gradient of all that it sees, a maximum of one sample
        layers = [nn.AvgPool1d(4) if isinstance(m, MaxPool) else m for m in body[:-1]]
        layers[-1].register_forward_hook(lambda _m, _i, output: maps.append(output))
        body = nn.Sequential(*layers)
    else:
        for module in (body.blocks[-1], body.shortcuts[-1]):
            module.register_forward_hook(lambda _m, _i, output: maps.append(output))
    eda = torch.rand(1, 3, 500, dtype=torch.float64, requires_grad=True)
    body(eda)
    last = torch.stack(maps).sum(dim=0)
    last[0, :, last.shape[-1] // 2].sum().backward()
    seen = eda.grad[0].abs().sum(dim=0).nonzero()
    assert int(seen.max() - seen.min()) + 1 == reach


def test_mlp_sees_statistics_that_are_computed() -> None:
    domain = {feature.name: feature.domain for feature in CATALOGUE}
    assert len(set(find("mlp").features)) == 30
    assert {domain[name] for name in find("mlp").features} == {"time"}


def test_the_grid_of_cnn3_raw_is_what_its_page_says() -> None:
    settings = [find("cnn3-raw").setting(i) for i in range(6)]
    assert settings[0] == "filters=32, kernel=3"
    assert settings[-1] == "filters=64, kernel=15"
    for candidate, (filters, kernel) in enumerate((f, k) for f in (32, 64) for k in (3, 7, 15)):
        network = find("cnn3-raw").build(ModelSpec(model="cnn3-raw", candidate=candidate))
        body = convolutions((1, filters, kernel), *[(filters, filters, kernel)] * 2)
        assert count(network) == body + head_count(filters * 14)


def test_alexnet_strides_as_its_drawing_says() -> None:
    convs = [m for m in alexnet2d.AlexNetBody().modules() if isinstance(m, nn.Conv2d)]
    assert sum(conv.weight.numel() + conv.out_channels for conv in convs) == ALEXNET == 2_334_080
    assert [conv.groups for conv in convs] == [1, 2, 1, 2, 2]
