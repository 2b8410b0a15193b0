"""Where in time a network looked: maps from a decision back to the input, for many trials at once.

**guided-gradcam**, the paper's. Yin et al. (2022, sec. 5.3.3) adapt Grad-CAM to one dimension. For
one trial and one class:

1. take the output A (C, T) of an attention module, temporal (RNTA) or channel (SCA);
2. weight each of its channels by the gradient of the class score, averaged over time, sum, and
   keep what speaks *for* the class: ``ReLU(sum_c mean_t(dy/dA[c, t]) A[c])``;
3. stretch this map linearly to the length of the input;
4. multiply it with the guided backpropagation of the class score to the three input channels
   (Springenberg et al., Striving for Simplicity, 2015; Selvaraju et al., Grad-CAM, ICCV 2017).

**gradcam** stops after step 3: one map for all channels, as coarse as the attention module.

**integrated-gradients** asks for no module: the gradient of the class score, averaged on the way
from an all-zero input (the mean of each z-scored channel) to the trial, times the trial
(Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017).

The paper draws one weight a time step without saying how it comes from three channels. Here it is
the sum over the channels of the absolute value of the map, divided by its largest value.

Guided backpropagation follows the input more than the weights of a network (Adebayo et al.,
Sanity Checks for Saliency Maps, NeurIPS 2018); `rtcan_cli.explain.randomise` measures how much. A
map shows where a network looked; it is not proof of why it decided.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import GuidedBackprop, IntegratedGradients, LayerAttribution, LayerGradCam
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from rtcan_cli.choices import MAP, MapName
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.training.device import tensor_float

BATCH = 64
PATH_STEPS = 32  # on the way of the integrated gradients; scores then add up within about 1 %


@dataclass(frozen=True)
class Attribution:
    """What one network attended to in one trial.

    Parameters
    ----------
    channels : NDArray of float32 (3, L), or (1, L) for plain Grad-CAM
        Map of original, phasic and tonic: signed (Grad-CAM: 0 or more), not scaled.
    weight : NDArray of float32 (L,)
        One attention weight a time step in 0..1, its largest 1. All zero if the map is empty.
    class_index : int
        The class that was explained: 0 low, 1 high.
    probability : float
        Probability that the network gave to that class.
    layer : str
        Module whose output the map starts from: ``rnta`` or ``sca``; ``input`` for integrated
        gradients.
    """

    channels: NDArray[np.float32]
    weight: NDArray[np.float32]
    class_index: int
    probability: float
    layer: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing in the module's output spoke for the class: the map is all zero."""
        return not self.weight.any()


@dataclass(frozen=True)
class Maps:
    """What one network attended to in n trials; the parameters are those of `Attribution`.

    Parameters
    ----------
    channels : NDArray of float32 (n, 3, L) or (n, 1, L)
    class_index : NDArray of int64 (n,)
    probability : NDArray of float32 (n,)
    layer : str
    """

    channels: NDArray[np.float32]
    class_index: NDArray[np.int64]
    probability: NDArray[np.float32]
    layer: str

    @property
    def weight(self) -> NDArray[np.float32]:
        """Attention weight of each trial (n, L), its largest 1; all zero if the map is empty."""
        return _weight(self.channels)

    def trial(self, index: int) -> Attribution:
        """One of the trials."""
        return Attribution(
            channels=self.channels[index],
            weight=_weight(self.channels[index : index + 1])[0],
            class_index=int(self.class_index[index]),
            probability=float(self.probability[index]),
            layer=self.layer,
        )


def _weight(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    summed = np.abs(channels).sum(axis=1)
    peak = summed.max(axis=1, keepdims=True)
    return np.divide(summed, peak, out=np.zeros_like(summed), where=peak > 0)


def attribute(
    model: RTCAN,
    eda: ArrayLike,
    music: ArrayLike | None = None,
    class_index: int | None = None,
    method: MapName = MAP,
) -> Attribution:
    """Explain one decision of a trained network.

    Parameters
    ----------
    model : RTCAN
        Trained network, on any device; it is used in evaluation mode and left as it was.
    eda : array (3, L)
        Network input of one trial.
    music : array (n_music,), optional
        Its music vector, standardised as in training; needed if the network fuses music.
    class_index : int, optional
        Class to explain: 0 low, 1 high. By default the one that the network predicts.
    method
        As of `attribute_trials`.

    Returns
    -------
    Attribution

    Raises
    ------
    RtcanError
        See `attribute_trials`.
    """
    songs = None if music is None else np.asarray(music)[None]
    chosen = None if class_index is None else [class_index]
    return attribute_trials(model, np.asarray(eda)[None], songs, chosen, method).trial(0)


def attribute_trials(
    model: RTCAN,
    eda: ArrayLike,
    music: ArrayLike | None = None,
    class_index: ArrayLike | None = None,
    method: MapName = MAP,
) -> Maps:
    """Explain the decisions of a trained network in many trials, some at a time.

    Parameters
    ----------
    model : RTCAN
        Trained network, on any device; it is used in evaluation mode and left as it was.
    eda : array (n, 3, L)
        Network input of each trial.
    music : array (n, n_music), optional
        Music vector of each trial, standardised as in training; needed if the network fuses music.
    class_index : array of int (n,), optional
        Class to explain: 0 low, 1 high. By default the one that the network predicts.
    method : {"guided-gradcam", "gradcam", "integrated-gradients"}
        Kind of map, see above; the paper's by default. It starts from the attention module that is
        closest to the output: RNTA where there is one (Rd, Re, Rf), else SCA (Rb, Rc). Integrated
        gradients start from none.

    Returns
    -------
    Maps

    Raises
    ------
    RtcanError
        If the network has no attention module before its residual part (base, Ra), or its
        output is not finite.
    """
    name, module = ("input", None) if method == "integrated-gradients" else _start(model)
    device = next(model.parameters()).device
    signals = torch.as_tensor(np.array(eda, dtype=np.float32))
    songs = None if music is None else torch.as_tensor(np.array(music, dtype=np.float32))
    wanted = None if class_index is None else torch.as_tensor(np.array(class_index, dtype=int))
    size = BATCH if module is not None else max(1, BATCH // PATH_STEPS)
    channels, classes, probabilities = [], [], []
    was_training = model.training
    model.eval()
    try:
        with tensor_float(False):
            for start in range(0, len(signals), size):
                own = slice(start, start + size)
                signal = signals[own].to(device)
                song = None if songs is None else songs[own].to(device)
                probability = _probabilities(model, signal, song)
                chosen = probability.argmax(dim=1) if wanted is None else wanted[own].to(device)
                signal.requires_grad_()
                channels.append(_map(model, module, signal, song, chosen, method).cpu().numpy())
                classes.append(chosen.cpu().numpy())
                probabilities.append(probability.gather(1, chosen[:, None])[:, 0].cpu().numpy())
    finally:
        model.train(was_training)
    return Maps(
        np.concatenate(channels), np.concatenate(classes), np.concatenate(probabilities), name
    )


def probability_of(
    model: RTCAN, eda: ArrayLike, music: ArrayLike | None, class_index: ArrayLike
) -> NDArray[np.float32]:
    """Probability that a network in evaluation mode gives to one class of each trial (n,)."""
    device = next(model.parameters()).device
    signals = torch.as_tensor(np.array(eda, dtype=np.float32))
    songs = None if music is None else torch.as_tensor(np.array(music, dtype=np.float32))
    chosen = torch.as_tensor(np.array(class_index, dtype=int))
    found = []
    with tensor_float(False):
        for own in torch.arange(len(signals)).split(BATCH):
            song = None if songs is None else songs[own].to(device)
            every = _probabilities(model, signals[own].to(device), song).cpu()
            found.append(every.gather(1, chosen[own, None])[:, 0])
    return torch.cat(found).numpy()


@torch.no_grad()
def _probabilities(model: RTCAN, signal: Tensor, song: Tensor | None) -> Tensor:
    found = model(signal, song).softmax(dim=1)
    if not found.isfinite().all():
        raise RtcanError(
            f"network {model.variant} gives no finite output for this trial",
            "its training may have diverged: look at its learning curves",
        )
    return found


def _map(
    model: RTCAN,
    module: torch.nn.Module | None,
    signal: Tensor,
    song: Tensor | None,
    chosen: Tensor,
    method: MapName,
) -> Tensor:
    """Map (batch, 3 or 1, L) of some trials.

    The score explained is the logit: a ReLU behind it would have no gradient where it cuts off.
    """
    if module is None:
        found = IntegratedGradients(model.logits).attribute(
            signal, target=chosen, additional_forward_args=(song,), n_steps=PATH_STEPS
        )
        return found.detach().float()
    coarse = LayerGradCam(model.logits, module).attribute(
        signal, chosen, additional_forward_args=(song,), relu_attributions=True
    )
    cam = LayerAttribution.interpolate(coarse, signal.shape[-1:], "linear").detach()
    if method == "gradcam":
        return cam
    backwards = GuidedBackprop(model)
    backwards.forward_func = model.logits
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting backward hooks on ReLU")
        guided = backwards.attribute(signal, chosen, additional_forward_args=(song,))
    return cam * guided.detach()


def _start(model: RTCAN) -> tuple[str, torch.nn.Module]:
    for name, module in (("rnta", model.rnta), ("sca", model.sca)):
        if module is not None:
            return name, module
    raise RtcanError(
        f"network variant {model.variant} has no attention module before its residual part to "
        "start from",
        "explain a variant that has: Rb or Rc (SCA), Rd (RNTA), Re or Rf (both)",
    )
