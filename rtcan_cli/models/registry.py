"""The models that `rtcan train --model` knows. `rtcan models` is made from them and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtcan_cli.command_line import command_line
from rtcan_cli.errors import RtcanError
from rtcan_cli.models.model import Model
from rtcan_cli.models.spec import ModelSpec

if TYPE_CHECKING:
    from torch import nn

_MOMENTS = ("mean", "std", "skewness", "kurtosis", "iqr")
_DERIVATIVES = ("d1_mean_abs", "d1_std", "d2_mean_abs")
_SUMMARIES = (
    *("raw_mean", "raw_std", "raw_range"),
    *(f"eda_{name}" for name in (*_MOMENTS, "range", *_DERIVATIVES)),
    *(f"phasic_{name}" for name in (*_MOMENTS, "max", *_DERIVATIVES)),
    *(f"tonic_{name}" for name in (*_MOMENTS, "range", *_DERIVATIVES)),
)
#: The file of `svm-gsr` says which published features these are closest to.
_CONDUCTANCE = (
    *("raw_mean", "eda_slope", "eda_d1_mean_abs", "eda_d1_rising"),
    *("scr_count", "scr_rise_time_mean"),
    *("eda_power_0.0_0.1", "eda_power_0.1_0.2", "eda_power_0.2_0.3"),
    *("eda_power_0.3_0.4", "eda_power_0.4_0.5", "eda_power_0.5_1.5"),
    *("eda_mobility", "phasic_mobility", "eda_centroid"),
    *("scr_amplitude_mean", "scr_amplitude_max", "phasic_std", "tonic_range"),
)

_MODELS = (
    Model(
        name="rtcan",
        title="RTCAN-1D",
        source="Yin et al., ACM TOMM 18(3), 2022",
        eda="signals",
        fusion=("none", "music"),
        kind="network",
    ),
    Model(
        name="svm-eda",
        title="linear SVM on EDA features",
        source="Yin et al., ACM TOMM 18(3), 2022",
        eda="features",
        fusion=("none",),
        kind="learner",
    ),
    Model(
        name="cnn3-eda",
        title="3-layer CNN on EDA features",
        source="Yin et al., ACM TOMM 18(3), 2022",
        eda="features",
        fusion=("none",),
        kind="network",
    ),
    Model(
        name="svm-music",
        title="linear SVM on music features",
        source="Yin et al., ACM TOMM 18(3), 2022",
        eda="none",
        fusion=("music-only",),
        kind="learner",
    ),
    Model(
        name="res-sin",
        title="residual signal-image network (Res-SIN)",
        source="Yin et al., ICIP 2019",
        eda="signals",
        fusion=("none", "music"),
        kind="network",
    ),
    Model(
        name="mlp",
        title="multilayer perceptron on EDA statistics",
        source="Sharma et al., 2019",
        eda="features",
        fusion=("none", "music"),
        kind="network",
        features=_SUMMARIES,
    ),
    Model(
        name="dcnn",
        title="1D deep CNN on EDA",
        source="Santamaria-Granados et al., IEEE Access 7, 2019",
        eda="signals",
        fusion=("none",),
        kind="network",
    ),
    Model(
        name="cnn3-raw",
        title="3-layer CNN on EDA, grid search",
        source="Al Machot et al., Sensors 19(7), 2019",
        eda="signals",
        fusion=("none",),
        kind="network",
        grid=tuple({"filters": f, "kernel": k} for f in (32, 64) for k in (3, 7, 15)),
    ),
    Model(
        name="svm-gsr",
        title="linear SVM on skin conductance statistics",
        source="papers of DEAP, 2012, and AMIGOS, 2021",
        eda="features",
        fusion=("none",),
        kind="learner",
        grid=({"threshold": 0.3}, {"threshold": 0.1}, {"threshold": 0.03}),
        features=_CONDUCTANCE,
    ),
    Model(
        name="alexnet2d",
        title="2D AlexNet on folded EDA",
        source="Lin et al., 2017",
        eda="signals",
        fusion=("none",),
        kind="network",
    ),
    Model(
        name="majority",
        title="majority class",
        source="no model",
        eda="none",
        fusion=("none",),
        kind="learner",
    ),
    Model(
        name="song-prior",
        title="majority class of the song",
        source="no model",
        eda="none",
        fusion=("none",),
        kind="learner",
    ),
    Model(
        name="subject-prior",
        title="majority class of the subject",
        source="no model",
        eda="none",
        fusion=("none",),
        kind="learner",
        protocols=("trial", "stimulus"),
    ),
    Model(
        name="duration-prior",
        title="length of the recording alone",
        source="no model",
        eda="duration",
        fusion=("none",),
        kind="learner",
    ),
    Model(
        name="logistic",
        title="logistic regression",
        source="scikit-learn",
        eda="features",
        fusion=("none", "music", "music-only"),
        kind="learner",
        grid=tuple({"C": c} for c in (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)),
    ),
    Model(
        name="boosting",
        title="gradient boosting",
        source="Friedman, 2002; scikit-learn",
        eda="features",
        fusion=("none", "music", "music-only"),
        kind="learner",
        step="tree",
    ),
    Model(
        name="inceptiontime",
        title="InceptionTime, one network",
        source="Ismail Fawaz et al., DMKD 34, 2020",
        eda="signals",
        fusion=("none", "music"),
        kind="network",
    ),
    Model(
        name="music-mlp",
        title="RTCAN-1D's classifier on music alone",
        source="ours",
        eda="none",
        fusion=("music-only",),
        kind="network",
    ),
)
#: All of them by name, in the order of `rtcan_cli.choices.ModelName`.
MODELS = {model.name: model for model in _MODELS}


def find(name: str) -> Model:
    """The model of this name.

    Raises
    ------
    RtcanError
        If there is none.
    """
    if name not in MODELS:
        raise RtcanError(
            f"there is no model {name!r}", f"{command_line('models')}, which lists them"
        )
    return MODELS[name]


def new_network(spec: ModelSpec, dropout: float = 0.0) -> nn.Module:
    """Return a new network with PyTorch's default initialisation.

    Parameters
    ----------
    spec : ModelSpec
        Which model, and in which sizes.
    dropout : float
        Probability of dropping an input of a linear layer before the last, in training.

    Raises
    ------
    RtcanError
        If there is no such model, or it cannot be built in these sizes.
    """
    return find(spec.model).build(spec, dropout)


def every() -> list[Model]:
    """All models, in the order of `rtcan_cli.choices.ModelName`."""
    return list(MODELS.values())
