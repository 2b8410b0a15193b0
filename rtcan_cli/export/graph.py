"""What is exported: from z-scored EDA and raw music features to a calibrated probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rtcan_cli.eda.preprocess import CHANNELS
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.model import Eda
from rtcan_cli.models.registry import find
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.models.weights import rebuild
from rtcan_cli.training.calibrate import LARGEST_SCORE
from rtcan_cli.training.data import LIMIT, Scales, Trials
from rtcan_cli.training.trained import TrainedModel


class Graph(nn.Module):
    """The mean of the answers of some trained networks.

    ::

        eda (batch, 3, L) or (batch, F) ─┐
                                         ├─ network of each fold ─ softmax at its temperature ─ mean
        music (batch, n_music) ─ scale ──┘

    Parameters
    ----------
    models : sequence of TrainedModel
        Networks of one run and target.
    sees : {"signals", "features", "none"}
        What they see of the EDA.
    calibrated : bool
        Whether their temperatures are applied.

    Raises
    ------
    RtcanError
        If they are not networks.
    """

    def __init__(self, models: Sequence[TrainedModel], sees: Eda, calibrated: bool) -> None:
        super().__init__()
        spec = models[0].spec
        model = find(spec.model)
        if not model.is_network:
            raise RtcanError(
                f"{model.title} is not a network: ONNX or TorchScript cannot represent it",
                "predict, which asks every model",
            )
        #: Shape of an input, without the batch, by its name.
        self.shapes = input_shapes(spec, sees)
        self.scales = models[0].scales
        self.members = nn.ModuleList(_Member(model, calibrated) for model in models)
        self.eval().requires_grad_(False)

    def forward(self, first: Tensor, second: Tensor | None = None) -> Tensor:
        """Return P(high) (batch,) for the inputs, in the order of `shapes`.

        Raises
        ------
        ValueError
            If an input is missing.
        """
        given: dict[str, Tensor] = {}
        for (name, shape), x in zip(self.shapes.items(), (first, second), strict=False):
            if x is None:
                raise ValueError(f"{name} is missing")
            # No input of another length passes this, in whatever program runs the graph.
            given[name] = x.reshape(x.shape[0], *shape)
        said = [member(given.get("eda"), given.get("music")) for member in self.members]
        return torch.stack(said).mean(dim=0)

    def examples(self, n: int, seed: int) -> tuple[NDArray[np.float32], ...]:
        """Random inputs for `n` trials, each (n, *shape), see `random_inputs`."""
        return random_inputs(self.shapes, self.scales, n, seed)

    def trials(self, inputs: Sequence[NDArray[np.float32]]) -> Trials:
        """The same inputs as rtcan's own models take them."""
        return trials_of(dict(zip(self.shapes, inputs, strict=True)))


class _Scale(nn.Module):
    """Standardise as `rtcan_cli.training.data.standardise` does."""

    def __init__(self, mean: NDArray[np.float32], sd: NDArray[np.float32]) -> None:
        super().__init__()
        self.mean: Tensor
        self.sd: Tensor
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("sd", torch.tensor(sd))

    def forward(self, x: Tensor) -> Tensor:
        varies = self.sd > 0
        z = (x - self.mean) / torch.where(varies, self.sd, 1.0)
        return torch.where(varies, z, 0.0).clamp(-LIMIT, LIMIT)


class _Member(nn.Module):
    """One network with its own scales and temperature."""

    def __init__(self, model: TrainedModel, calibrated: bool) -> None:
        super().__init__()
        self.network = rebuild(model.weights, model.spec)
        self.eda_scale, self.music_scale = (
            _Scale(model.scales[f"{name}_mean"], model.scales[f"{name}_sd"])
            if f"{name}_mean" in model.scales
            else None
            for name in ("eda", "music")
        )
        self.temperature = model.temperature if calibrated and model.is_calibrated else 1.0

    def forward(self, eda: Tensor | None, music: Tensor | None) -> Tensor:
        if eda is None:
            assert music is not None, "a network sees something"
            eda = music[:, :0]
        if self.eda_scale is not None:
            eda = self.eda_scale(eda)
        if music is not None and self.music_scale is not None:
            music = self.music_scale(music)
        scores = self.network(eda, music)
        score = (scores[:, 1] - scores[:, 0]).clamp(-LARGEST_SCORE, LARGEST_SCORE)
        return torch.sigmoid(score / self.temperature)


def input_shapes(spec: ModelSpec, sees: Eda) -> dict[str, tuple[int, ...]]:
    """Shape of each input of a model, without the batch, by its name: ``eda``, ``music``."""
    shapes: dict[str, tuple[int, ...]] = {}
    if sees == "signals":
        shapes["eda"] = (len(CHANNELS), spec.length)
    elif sees == "features":
        shapes["eda"] = (spec.n_features,)
    if spec.n_music:
        shapes["music"] = (spec.n_music,)
    return shapes


def random_inputs(
    shapes: Mapping[str, tuple[int, ...]], scales: Scales, n: int, seed: int
) -> tuple[NDArray[np.float32], ...]:
    """Random inputs for `n` trials: features spread as in training, and beyond the limit.

    Returns
    -------
    tuple of ndarray of float32, shapes (n, *shape)
        In the order of `shapes`.
    """
    rng = np.random.default_rng(seed)
    found = []
    for name, shape in shapes.items():
        x = rng.normal(size=(n, *shape))
        if f"{name}_mean" in scales:
            x[::4] *= 2 * LIMIT
            x = x * scales[f"{name}_sd"] + scales[f"{name}_mean"]
        found.append(x.astype(np.float32))
    return tuple(found)


def trials_of(inputs: Mapping[str, NDArray[np.float32]]) -> Trials:
    """Inputs by their names as rtcan's own models take them; nobody has met their trials.

    Raises
    ------
    RtcanError
        If a number is not finite.
    """
    n = len(next(iter(inputs.values())))
    music = inputs.get("music")
    return Trials(
        eda=inputs.get("eda", np.empty((n, 0), np.float32)),
        subject=np.arange(n).astype(str),
        stimulus=np.arange(n).astype(str),
        music=music,
        song=None if music is None else np.arange(n),
    )


def describe_inputs(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """What each input contains, in words."""
    words = {}
    for name, shape in shapes.items():
        if name == "music":
            words[name] = f"{shape[0]} music features of the song, not standardised"
        elif len(shape) == 1:
            words[name] = f"{shape[0]} EDA features, not standardised"
        else:
            channels = ", ".join(CHANNELS)
            words[name] = f"{channels}: each z-scored, {shape[1]} samples"
    return words
