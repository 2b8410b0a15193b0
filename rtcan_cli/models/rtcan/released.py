"""The network of the authors' published code, and the names its checkpoints use.

It differs from the network of the paper's text (`rtcan_cli.models.rtcan.network`) in these points:

====================  ==============================  ==================================
What                  Paper                           Published code
====================  ==============================  ==================================
order                 SCA, then RNTA                  RNTA, then SCA
SCA                   on three parts                  on the whole length
parts of RNTA         the last one takes the rest     end at L/3 and 2L/3, rounded down
pooling in RNTA       average                         maximum
SCA_Res               in the branch alone             a projection sees its output too
EDA channels          original, phasic, tonic         see `CHANNEL_ORDER`
last layer            ReLU and softmax                EDA alone: ReLU; with music: softmax
no attention          (not said)                      a stem: convolution, BatchNorm, ReLU
unused layer          none                            ``Res_sub.fc``
====================  ==============================  ==================================

In both, a residual block has a ReLU before the sum and one behind it. An identity shortcut carries
what came in, without attention. EDA comes before music in the classifier's input, and output 1 is
high. The published code trains with a cross-entropy on what its network gives, so with music it
applies a softmax twice.

This was compared with the published code's own answers, for networks of random weights: all logits
agree within 1e-5 of their spread. An earlier revision of its file of attention modules cuts the map
into four parts instead of three. Weights do not show which of the two they were trained with; the
later one is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rtcan_cli.errors import RtcanError
from rtcan_cli.models.layers.attention import PARTS, POOL, RNTA, SCA, attend
from rtcan_cli.models.layers.convolution import join
from rtcan_cli.models.layers.residual import BLOCKS_PER_STAGE, POOLED, ResidualBlock
from rtcan_cli.models.rtcan.facts import CHANNEL_ORDER, VARIANTS, AttentionModules
from rtcan_cli.models.rtcan.network import RTCAN

WIDTHS = (64, 64, 64, 64)
#: What the networks of rtcan take, whatever their layout.
OWN_ORDER = ("original", "phasic", "tonic")
#: Values of the EDA, and of EDA and music, that the classifier of PMEmo's network without
#: attention takes, while its residual part gives 896 at 2500 samples.
_PMEMO_BASE = (512, 512 + 6373)
_UNUSED = {"Res_sub.fc.weight": (10, 256), "Res_sub.fc.bias": (10,)}
_NAMED = 3  # keys that an error names before it only counts


class ReleasedRNTA(RNTA):
    """Residual non-local temporal attention with maximum pooling, each part on its own.

    Parameters
    ----------
    channels, parts : int
        As of `RNTA`, whose weights it has.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Add to `x` (batch, C, time) what each sample gathers from its part."""
        ends = [x.shape[-1] * i // self.parts for i in range(1, self.parts)]
        return join([self._part(piece.mT) for piece in x.mT.tensor_split(ends, dim=-2)])

    def _part(self, x: Tensor) -> Tensor:
        phi, g = (F.max_pool1d(conv(x), POOL) for conv in (self.phi, self.g))
        return x + self.W(attend(self.theta(x), phi, g))


class ReleasedBlock(ResidualBlock):
    """Residual block of the published code: a projection on the shortcut sees the attention too."""

    def bypass(self, x: Tensor, attended: Tensor) -> Tensor:
        """Return the block's input as it is, or the attended one projected."""
        return x if isinstance(self.shortcut, nn.Identity) else self.shortcut(attended)


class ReleasedRTCAN(RTCAN):
    """The network of the authors' published code.

    ::

        EDA ─ SFE ─ RNTA in 3 parts, max pooling ─ SCA on the whole length ─ RFE ─ flatten ─ ...

    Parameters
    ----------
    variant : str
        As of `RTCAN`, but not `base`: without attention the published code has the stem of
        `base-stem`. Its scripts build Rf for PMEmo's arousal, Rd for PMEmo's valence, and Re for
        DEAP and AMIGOS.
    channels, depth, n_music, n_classes, in_channels, dropout
        As of `RTCAN`. Published are widths of 64, depth 1 and no dropout.

    Raises
    ------
    RtcanError
        For `base` and unknown variants.

    Notes
    -----
    On EDA alone, the published network ends in a ReLU and has no softmax. The softmax of what
    `forward` returns is the probability that its cross-entropy was trained on; where the ReLU has
    cut off both outputs it is one half, and the class is low, as the published code's. With music,
    the published network ends in a softmax, and that of what `forward` returns is its output.
    """

    block = ReleasedBlock

    def __init__(
        self,
        variant: str,
        channels: Sequence[int] = WIDTHS,
        depth: int = 1,
        n_music: int = 0,
        n_classes: int = 2,
        in_channels: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(variant, channels, depth, n_music, n_classes, in_channels, dropout)
        parts = VARIANTS[variant]
        if not parts.sfe:
            raise RtcanError(
                f"the released layout has no network variant {variant!r}",
                "--variant base-stem, which is the published network without attention",
            )
        self.sca = SCA(channels[0]) if parts.sca else None
        self.rnta = ReleasedRNTA(channels[0], PARTS) if parts.rnta else None

    def front(self) -> list[nn.Module]:
        """The modules in front of the residual stages that the variant has, in their order."""
        return [module for module in (self.sfe, self.rnta, self.sca) if module is not None]

    def forward(self, eda: Tensor, music: Tensor | None = None) -> Tensor:
        """Return scores (batch, n_classes): the logits, without music behind a ReLU."""
        scores = self.logits(eda, music)
        return scores if self.n_music else F.relu(scores)


def to_released_state_dict(model: ReleasedRTCAN, order: Sequence[str]) -> dict[str, Tensor]:
    """Return the weights of a network under the names of the published code.

    Parameters
    ----------
    model : ReleasedRTCAN
        Network of depth 1 that takes its EDA channels in `OWN_ORDER`.
    order : sequence of str
        Order in which the published network takes them, a value of `CHANNEL_ORDER`.

    Returns
    -------
    dict of str to Tensor
        Copies. The layer that the published network has but never uses is all zero.

    Raises
    ------
    ValueError
        If the network has other modules than a published one can have.
    """
    state = {}
    for name, tensor in model.state_dict().items():
        for own, released in _modules(model.variant):
            if name.startswith(own + "."):
                state[released + name.removeprefix(own)] = tensor.clone()
                break
        else:
            raise ValueError(f"{name} has no name in the published code")
    first = _input_of(model.variant)
    state[first] = _reordered(state[first], OWN_ORDER, order)
    return state | {name: torch.zeros(shape) for name, shape in _UNUSED.items()}


def from_released_state_dict(state: Mapping[str, Tensor], order: Sequence[str]) -> ReleasedRTCAN:
    """Return the network in a state dict of the published code.

    Variant, number of classes and length of the music vector are read from names and shapes.

    Parameters
    ----------
    state : mapping of str to Tensor
        Its names may begin with ``module.``, as training on several GPUs leaves them. Values of
        any floating type. The unused layer and BatchNorm's counts of batches may be missing.
    order : sequence of str
        Order of the EDA channels it was trained with, a value of `CHANNEL_ORDER`.

    Returns
    -------
    ReleasedRTCAN
        In evaluation mode, in single precision; takes its EDA channels in `OWN_ORDER`.

    Raises
    ------
    RtcanError
        Naming entries that are missing, unknown, of a wrong shape or not finite.
    """
    state = _plain_names(state)
    variant = _variant_of(state)
    first, last = (state.get(f"regression.{i}.weight", torch.empty(0)).shape for i in (0, 4))
    if VARIANTS[variant].stem and len(first) == 2 and first[1] in _PMEMO_BASE:
        raise RtcanError(
            "is PMEmo's published network without attention, which fails at 2500 samples in the "
            f"published code too: its classifier takes {_PMEMO_BASE[0]} values of the EDA, its "
            f"residual part gives {WIDTHS[-1] * POOLED}"
        )
    # What does not fit comes to light when all shapes are compared.
    n_music = max(0, first[1] - WIDTHS[-1] * POOLED) if len(first) == 2 else 0
    n_classes = max(1, last[0]) if len(last) == 2 else 2
    # On no device: shapes come from a file, and must not take memory before they are checked.
    with torch.device("meta"):
        model = ReleasedRTCAN(variant, n_music=n_music, n_classes=n_classes)
    expected = to_released_state_dict(model, order)
    _check_entries(state, expected)
    model = model.to_empty(device="cpu")
    own = {}
    for released in expected.keys() - _UNUSED.keys():
        tensor = state.get(released, torch.tensor(0))
        if released == _input_of(variant):
            tensor = _reordered(tensor, order, OWN_ORDER)
        own[_own_name(released, variant)] = tensor
    model.load_state_dict(own)
    return model.eval()


def built_for(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Tell for which datasets the published code builds a network with such a state dict.

    The networks for DEAP and AMIGOS are the same. That for PMEmo alone has channel attention in
    its residual blocks, or takes music; and it makes its modules in another order, which a state
    dict keeps.

    Parameters
    ----------
    state : mapping of str to Tensor
        As of `from_released_state_dict`.

    Returns
    -------
    tuple of str
        Keys of `CHANNEL_ORDER`; all of them if the state dict does not show it.
    """
    state = _plain_names(state)
    modules = list(dict.fromkeys(name.partition(".")[0] for name in state))
    first = state.get("regression.0.weight", torch.empty(0)).shape
    takes_music = len(first) == 2 and first[1] > WIDTHS[-1] * POOLED
    attention = [name for name in ("Non_local", "Attention") if name in modules]
    if _variant_parts(state).sca_res or takes_music:
        return ("pmemo",)
    if not attention or modules == ["origin_block", "Res_sub", *attention, "regression"]:
        return ("deap", "amigos")
    if modules == ["origin_block", *attention, "Res_sub", "regression"]:
        return ("pmemo",)
    return tuple(CHANNEL_ORDER)


def _plain_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    plain = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    if len(plain) < len(state):
        raise RtcanError("contains two state dicts: some names occur with 'module.' and without")
    return plain


def _input_of(variant: str) -> str:
    """Name of the weight that sees the EDA."""
    return "Res_sub.conv1.weight" if VARIANTS[variant].stem else "origin_block.0.weight"


def _modules(variant: str) -> Iterator[tuple[str, str]]:
    """Our name of each module, and the one in the published code."""
    if VARIANTS[variant].stem:
        yield "sfe.0", "Res_sub.conv1"
        yield "sfe.1", "Res_sub.bn1"
    else:
        yield "sfe", "origin_block"
    yield "rnta.theta", "Non_local.non_local.theta"
    yield "rnta.phi", "Non_local.non_local.phi.0"
    yield "rnta.g", "Non_local.non_local.origin_conv.0"
    yield "rnta.W", "Non_local.non_local.W"
    yield "sca.gate", "Attention.conv_du"
    for i in range(len(WIDTHS) * BLOCKS_PER_STAGE):
        stage, block = divmod(i, BLOCKS_PER_STAGE)
        own, released = f"rfe.blocks.{i}", f"Res_sub.layer3x3_{stage + 1}.{block}"
        yield f"{own}.branch.0", f"{released}.conv1"
        yield f"{own}.branch.1", f"{released}.bn1"
        yield f"{own}.sca.gate", f"{released}.Attention.conv_du"
        yield f"{own}.shortcut", f"{released}.downsample"
    yield "rfe.tail", "Res_sub.final_downsample"
    for own, released in (("1", "0"), ("4", "2"), ("6", "4")):  # ours has Dropout in between
        yield f"classifier.{own}", f"regression.{released}"


def _own_name(name: str, variant: str) -> str:
    for own, released in _modules(variant):
        if name.startswith(released + "."):
            return own + name.removeprefix(released)
    raise KeyError(name)


def _reordered(weight: Tensor, old: Sequence[str], new: Sequence[str]) -> Tensor:
    """Reorder the input channels of a convolution's weight (out, in, kernel)."""
    return weight[:, [list(old).index(channel) for channel in new]]


def _variant_of(state: Mapping[str, Tensor]) -> str:
    found = _variant_parts(state)
    # Without anything of that it is compared with the full network, and what it lacks is named.
    return next(name for name in VARIANTS if VARIANTS[name] == found) if found.sfe else "Rf"


def _variant_parts(state: Mapping[str, Tensor]) -> AttentionModules:
    sca = any(name.startswith("Attention.") for name in state)
    sca_res = any(name.startswith("Res_sub.") and ".Attention." in name for name in state)
    rnta = any(name.startswith("Non_local.") for name in state)
    stem = "Res_sub.conv1.weight" in state and not (sca or sca_res or rnta)
    return AttentionModules(sca=sca, sca_res=sca_res, rnta=rnta, stem=stem)


def _check_entries(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    optional = {name for name in expected if name.endswith("num_batches_tracked")} | set(_UNUSED)
    missing = [name for name in expected if name not in state and name not in optional]
    unknown = [name for name in state if name not in expected]
    if missing or unknown:
        found = [
            f"{what} {_some(names)}"
            for what, names in (("lacks", missing), ("has the unknown", unknown))
            if names
        ]
        raise RtcanError(f"is not a state dict of the published network: it {' and '.join(found)}")
    wrong = [
        f"'{name}' {tuple(state[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in state and name not in _UNUSED and state[name].shape != tensor.shape
    ]
    if wrong:
        raise RtcanError(f"has weights of another shape: {_some(wrong, quote=False)}")
    bad = [
        name
        for name, tensor in state.items()
        if name not in _UNUSED
        and not name.endswith("num_batches_tracked")
        # In the type that they are used in: larger types may contain numbers that it cannot.
        and not (tensor.is_floating_point() and bool(tensor.float().isfinite().all()))
    ]
    if bad:
        raise RtcanError(f"has weights that are not finite numbers: {_some(bad)}")
    negative = [
        name
        for name, tensor in state.items()
        if name.endswith("running_var") and bool((tensor.float() < 0).any())
    ]
    if negative:
        raise RtcanError(f"has negative variances: {_some(negative)}")


def _some(names: Sequence[str], quote: bool = True) -> str:
    shown = ", ".join(f"'{name}'" if quote else name for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
