"""What is computed in parts is what the models say, and captum's Shapley values of the network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import ShapleyValues

from rtcan_cli.explain.contributions import Trials as Rows
from rtcan_cli.explain.contributions import contributions
from rtcan_cli.explain.fused import answer_of, answer_of_network, network_inputs
from rtcan_cli.explain.randomise import untrained
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import build, rebuild, to_arrays
from rtcan_cli.training.data import TrainingData, Trials, standardise
from rtcan_cli.training.fit_learner import fit_learner
from rtcan_cli.training.folds.splits import Roles
from rtcan_cli.training.trained import TrainedModel

N, N_SONGS, N_MUSIC = 14, 5, 7
COLUMNS = [np.array([0, 3, 4]), np.array([1, 6]), np.array([2, 5])]
#: Pairs with the music of three songs each.
EDA = np.array([0, 3, 3, 9, 13])
SONG = np.array([[0, 0, 0], [1, 2, 3], [4, 4, 0], [2, 0, 2], [3, 3, 3]])
NETWORKS = {
    "rtcan": {"variant": "Rf", "channels": (4, 4, 4, 4)},
    "released": {"variant": "Rf", "channels": (4, 4, 4, 4), "layout": "released"},
    "inceptiontime": {},
    "mlp": {"n_features": 6},
}


def trials(n_features: int = 0, seed: int = 0) -> Trials:
    rng = np.random.default_rng(seed)
    shape = (N, n_features) if n_features else (N, 3, 96)
    return Trials(
        eda=rng.normal(2, 3, shape).astype(np.float32),
        subject=np.array([f"s{k % 4}" for k in range(N)]),
        stimulus=np.array([f"m{k % N_SONGS}" for k in range(N)]),
        music=rng.normal(1, 2, (N_SONGS, N_MUSIC)).astype(np.float32),
        song=np.arange(N) % N_SONGS,
    )


def mixed(music: np.ndarray) -> np.ndarray:
    """Features of the pairs, put together one by one."""
    found = np.full((len(SONG), N_MUSIC), np.nan, np.float32)
    for k, columns in enumerate(COLUMNS):
        for column in columns:
            found[:, column] = music[SONG[:, k], column]
    return found


def trained(name: str) -> tuple[TrainedModel, Trials]:
    """A network with drawn weights, as a run would store it."""
    options = NETWORKS[name]
    model = "rtcan" if name == "released" else name
    spec = ModelSpec(model=model, n_music=N_MUSIC, length=96, **options)
    network = build(spec, "default", seed=1)
    with torch.no_grad():  # what it says has to differ from trial to trial
        for weight in network.classifier.parameters():
            weight *= 3
    data = trials(spec.n_features)
    scales = {"music_mean": data.music.mean(axis=0), "music_sd": data.music.std(axis=0)}
    if spec.n_features:
        scales |= {"eda_mean": data.eda.mean(axis=0), "eda_sd": data.eda.std(axis=0)}
    return TrainedModel(spec, to_arrays(network), scales, np.nan), data


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_asked_about_pairs(name: str) -> None:
    model, data = trained(name)
    pairs = Trials(
        eda=data.eda[EDA],
        subject=data.subject[EDA],
        stimulus=data.stimulus[EDA],
        music=mixed(data.music),
        song=np.arange(len(EDA)),
    )
    expected = model.probability(pairs)
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(answer_of(model, data, COLUMNS)(EDA, SONG), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["logistic", "boosting"])
def test_a_learner_is_asked_about_pairs(name: str) -> None:
    data = trials(n_features=6)
    own = TrainingData(**vars(data), label=np.arange(N) // 2 % 2)
    roles = Roles(np.arange(8), np.arange(8, 12), np.arange(12, N))
    spec = ModelSpec(model=name, n_music=N_MUSIC, n_features=6, candidate=0)
    fitted = fit_learner(own, roles, spec, fold=0, seed=0)
    model = TrainedModel(spec, fitted.weights, fitted.scales, fitted.temperature)
    answer = answer_of(model, data, COLUMNS)
    whole = answer(np.arange(N), np.repeat(data.song[:, None], 3, axis=1))
    np.testing.assert_allclose(whole, model.probability(data), atol=1e-9)
    pairs = Trials(
        eda=data.eda[EDA],
        subject=data.subject[EDA],
        stimulus=data.stimulus[EDA],
        music=mixed(data.music),
        song=np.arange(len(EDA)),
    )
    np.testing.assert_allclose(answer(EDA, SONG), model.probability(pairs), atol=1e-9)


def test_contributions_are_those_that_captum_finds_in_the_network_itself() -> None:
    model, data = trained("rtcan")
    network = rebuild(model.weights, model.spec)
    own, background = np.arange(2), np.arange(3, 6)
    found = contributions(
        answer_of(model, data, COLUMNS),
        Rows(own, data.song[own]),
        Rows(background, data.song[background]),
        len(COLUMNS),
    )
    music = standardise(data.music, model.scales["music_mean"], model.scales["music_sd"])
    eda, heard = torch.tensor(data.eda), torch.tensor(music)[torch.tensor(data.song)]

    def said(signals: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        return network(signals, features).softmax(dim=1)[:, 1]

    def of_music(features: torch.Tensor, signals: torch.Tensor) -> torch.Tensor:
        return said(signals, features)

    group = torch.zeros(N_MUSIC, dtype=torch.long)
    for k, columns in enumerate(COLUMNS):
        group[columns] = k
    explained = ShapleyValues(said)
    masks = (torch.zeros(1, 3, 96, dtype=torch.long), torch.ones(1, N_MUSIC, dtype=torch.long))
    for i in own:
        parts, groups = [], []
        for b in background:
            one = (eda[i : i + 1], heard[i : i + 1])
            other = (eda[b : b + 1], heard[b : b + 1])
            by_part = explained.attribute(one, baselines=other, feature_mask=masks)
            parts.append([float(each.flatten()[0]) for each in by_part])
            # With the trial's EDA and with that of the background, as if music came last or first.
            of_group = {"baselines": other[1], "feature_mask": group[None]}
            by_group = [
                ShapleyValues(of_music).attribute(
                    one[1], additional_forward_args=(signals,), **of_group
                )
                for signals in (one[0], other[0])
            ]
            first = [int(columns[0]) for columns in COLUMNS]
            groups.append(torch.stack(by_group).mean(dim=0)[0, first].numpy())
        # captum's players replace both parts by those of the same background trial.
        assert found.eda[i] == pytest.approx(np.mean(parts, axis=0)[0], abs=1e-5)
        assert found.music[i] == pytest.approx(np.mean(parts, axis=0)[1], abs=1e-5)
        np.testing.assert_allclose(found.groups[i], np.mean(groups, axis=0), atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_contributions_follow_the_weights(name: str) -> None:
    model, data = trained(name)
    network = rebuild(model.weights, model.spec)
    before = to_arrays(network)
    eda, music = network_inputs(model, data)
    other = untrained(network, eda, music[data.song], seed=3)
    for one, two in zip(before.values(), to_arrays(network).values(), strict=True):
        np.testing.assert_array_equal(one, two)  # it is left as it was
    drawn = {id(m) for m in other.modules() if hasattr(m, "reset_parameters")}
    assert drawn
    weights = dict(other.named_parameters())
    same = [k for k, w in network.named_parameters() if w.dim() > 1 and torch.equal(w, weights[k])]
    assert not same
    rows = Rows(np.arange(N), data.song)
    one, two = (
        contributions(answer_of_network(each, eda, music, COLUMNS), rows, rows, 3)
        for each in (network, other)
    )
    for part in ("eda", "music"):
        assert np.abs(getattr(one, part) - getattr(two, part)).max() > 1e-3
