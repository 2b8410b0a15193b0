"""Where in time a network looked: guided Grad-CAM from an attention module back to the input.

Yin et al. (2022, sec. 5.3.3) adapt Grad-CAM to one dimension. For one trial and one class:

1. take the output A (C, T) of an attention module, temporal (RNTA) or channel (SCA);
2. weight each of its channels by the gradient of the class score, averaged over time, sum, and
   keep what speaks *for* the class: ``ReLU(sum_c mean_t(dy/dA[c, t]) A[c])``;
3. stretch this map linearly to the length of the input;
4. multiply it with the guided backpropagation of the class score to the three input channels
   (Springenberg et al., Striving for Simplicity, 2015; Selvaraju et al., Grad-CAM, ICCV 2017).

The paper draws one weight a time step without saying how it comes from three channels. Here it is
the sum over the channels of the absolute value of step 4, divided by its largest value.

Guided backpropagation alone follows the input more than the weights of a network (Adebayo et al.,
Sanity Checks for Saliency Maps, NeurIPS 2018). So a map shows where a network looked; it is no
proof of why it decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from captum.attr import LayerAttribution, LayerGradCam
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.rtcan import RTCAN


@dataclass(frozen=True)
class Attribution:
    """What one network attended to in one trial.

    Parameters
    ----------
    channels : NDArray of float32 (3, L)
        Guided Grad-CAM of original, phasic and tonic: signed, not scaled.
    weight : NDArray of float32 (L,)
        One attention weight a time step in 0..1, its largest 1. All zero if the map is empty.
    class_index : int
        The class that was explained: 0 low, 1 high.
    probability : float
        Probability that the network gave to that class.
    layer : str
        Module whose output the map starts from: ``rnta`` or ``sca``.
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


def attribute(
    model: RTCAN,
    eda: ArrayLike,
    music: ArrayLike | None = None,
    class_index: int | None = None,
    layer: str | None = None,
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
    layer : {"rnta", "sca"}, optional
        Attention module to start from. By default the one closest to the output: RNTA where there
        is one (Rd, Re, Rf), else SCA (Rb, Rc).

    Returns
    -------
    Attribution

    Raises
    ------
    RtcanError
        If the network has no such module before its residual part (base and Ra have none), or its
        output is not finite.
    """
    name, module = _start(model, layer)
    device = next(model.parameters()).device
    signal = torch.as_tensor(np.array(eda, dtype=np.float32), device=device)[None]
    signal.requires_grad_()
    songs = None
    if music is not None:
        songs = torch.as_tensor(np.array(music, dtype=np.float32), device=device)[None]
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            probabilities = model(signal, songs).softmax(dim=1)[0]
        if not probabilities.isfinite().all():
            raise RtcanError(
                f"network {model.variant} gives no finite output for this trial",
                "its training may have diverged: look at its learning curves",
            )
        chosen = int(probabilities.argmax()) if class_index is None else class_index
        coarse = LayerGradCam(model, module).attribute(
            signal, chosen, additional_forward_args=(songs,), relu_attributions=True
        )
        cam = LayerAttribution.interpolate(coarse, signal.shape[-1:], "linear")
        with GuidedReLU():
            score = model(signal, songs)[0, chosen]
        (guided,) = torch.autograd.grad(score, signal)
    finally:
        model.train(was_training)
    channels = (cam * guided)[0].detach().cpu().numpy()
    weight = np.abs(channels).sum(axis=0)
    peak = weight.max()
    return Attribution(
        channels=channels,
        weight=weight / peak if peak > 0 else weight,
        class_index=chosen,
        probability=float(probabilities[chosen]),
        layer=name,
    )


def _start(model: RTCAN, layer: str | None) -> tuple[str, torch.nn.Module]:
    modules = {"rnta": model.rnta, "sca": model.sca}
    for name in [layer] if layer else modules:
        if (module := modules[name]) is not None:
            return name, module
    what = f"{layer.upper()} module" if layer else "attention module"
    raise RtcanError(
        f"network variant {model.variant} has no {what} before its residual part to start from",
        "explain a variant that has: Rb or Rc (SCA), Rd (RNTA), Re or Rf (both)",
    )


class GuidedReLU(TorchFunctionMode):
    """Context in which every ReLU lets back only positive gradients.

    It catches ReLU as a function and as a module alike. Hooks on modules, as captum's
    GuidedBackprop sets them, would miss the functional ones of the residual blocks.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call `func`, or the guided ReLU in its place."""
        if func in (F.relu, torch.relu, Tensor.relu):
            return _Guided.apply(args[0])
        return func(*args, **(kwargs or {}))


class _Guided(torch.autograd.Function):
    """ReLU whose gradient passes where both the input and the gradient are positive."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient.clamp(min=0) * (x > 0)
