"""What is on disk: the kinds of stores, and every dataset in them with its shape and unit.

This module is the one description of the layout. Writing checks against it, `rtcan info` and the
documentation are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA_VERSION = 1

#: What differs between two makings of the same store; the content id leaves it out.
TIMINGS = ("models/seconds",)

#: Samples of all recordings lie end to end; recording i is [offsets[i], offsets[i + 1]).
OFFSETS = "signals/offsets"


@dataclass(frozen=True)
class Field:
    """One HDF5 dataset of a store.

    Parameters
    ----------
    path : str
        Where it is. ``{target}`` stands for valence or arousal, a last part ``*`` for any name.
    dtype : str
        ``str`` (UTF-8) or a NumPy type; empty where the array brings its own.
    shape : tuple of str
        Named axes; equal names mean equal lengths within one store. ``...`` means any further axes.
    unit : str
        Physical unit, or "" for names and counts.
    meaning : str
        What it holds.
    """

    path: str
    dtype: str
    shape: tuple[str, ...]
    unit: str
    meaning: str


@dataclass(frozen=True)
class Schema:
    """One kind of store: which command makes it and which datasets it holds."""

    kind: str
    command: str
    meaning: str
    fields: tuple[Field, ...]


def _table(name: str, *columns: tuple[str, str, str, str]) -> tuple[Field, ...]:
    return tuple(
        Field(f"{name}/{column}", dtype, (name,), unit, meaning)
        for column, dtype, unit, meaning in columns
    )


_RECORDING_KEYS = (
    ("subject", "str", "", "listener"),
    ("stimulus", "str", "", "song or video"),
    ("target", "str", "", "hearing the EDA belongs to: valence, arousal or both"),
    ("sampling_rate", "float64", "Hz", "sampling rate of the EDA"),
)

RECORDINGS = Schema(
    "recordings",
    "ingest",
    "raw EDA, ratings and stimuli, as published",
    (
        *_table(
            "trials",
            ("subject", "str", "", "listener"),
            ("stimulus", "str", "", "song or video"),
            ("valence", "float64", "rating scale", "the subject's own rating; NaN if not given"),
            ("arousal", "float64", "rating scale", "the subject's own rating; NaN if not given"),
        ),
        *_table(
            "recordings",
            *_RECORDING_KEYS,
            ("trial", "int64", "", "row of the trials table"),
            ("source", "str", "", "raw file, and the place in it"),
        ),
        *_table(
            "stimuli",
            ("stimulus", "str", "", "song or video"),
            ("title", "str", "", "title"),
            ("artist", "str", "", "artist"),
            ("audio", "str", "", "audio file, relative to the raw folder; empty if none"),
            ("valence_mean", "float64", "rating scale", "published mean rating; NaN if none"),
            ("arousal_mean", "float64", "rating scale", "published mean rating; NaN if none"),
        ),
        *_table(
            "excluded",
            ("subject", "str", "", "listener"),
            ("stimulus", "str", "", "song or video"),
            ("reason", "str", "", "why it was left out"),
            ("source", "str", "", "raw file, and the place in it"),
        ),
        Field(OFFSETS, "int64", ("recordings+1",), "samples", "first sample of each recording"),
        Field("signals/eda", "float64", ("samples",), "as recorded", "raw EDA"),
    ),
)

LABELS = Schema(
    "labels",
    "relabel",
    "high and low valence and arousal for each trial",
    (
        *_table(
            "labels",
            ("subject", "str", "", "listener"),
            ("stimulus", "str", "", "song or video"),
            ("valence", "int8", "", "1 high, 0 low, -1 no rating"),
            ("arousal", "int8", "", "1 high, 0 low, -1 no rating"),
        ),
        *_table(
            "thresholds",
            ("subject", "str", "", "listener"),
            ("valence", "float64", "rating scale", "high is above this"),
            ("arousal", "float64", "rating scale", "high is above this"),
            ("n_trials", "int64", "", "trials with both ratings"),
            ("fallback", "bool", "", "too few distinct ratings: the scale's centre was used"),
            ("centre0_valence", "float64", "rating scale", "first cluster centre (kmeans)"),
            ("centre0_arousal", "float64", "rating scale", "first cluster centre (kmeans)"),
            ("centre1_valence", "float64", "rating scale", "second cluster centre (kmeans)"),
            ("centre1_arousal", "float64", "rating scale", "second cluster centre (kmeans)"),
        ),
    ),
)

COMPONENTS = Schema(
    "components",
    "decompose",
    "phasic and tonic EDA of each recording",
    (
        *_table(
            "recordings",
            *_RECORDING_KEYS,
            ("objective", "float64", "", "value of the cvxEDA objective at the solution"),
            ("gap", "float64", "", "duality gap of the solution"),
            ("iterations", "int64", "", "interior-point iterations"),
            ("problem", "str", "", "why it was not decomposed; empty if it was"),
        ),
        Field(OFFSETS, "int64", ("recordings+1",), "samples", "first sample of each recording"),
        Field("signals/phasic", "float32", ("samples",), "z", "phasic part"),
        Field("signals/tonic", "float32", ("samples",), "z", "tonic part"),
        Field("signals/driver", "float32", ("samples",), "z/s", "sudomotor driver"),
        Field("signals/residual", "float32", ("samples",), "z", "signal - phasic - tonic"),
    ),
)

MUSIC = Schema(
    "music",
    "music-features",
    "openSMILE functionals of each song",
    (
        Field("stimuli/stimulus", "str", ("stimuli",), "", "song"),
        Field("features/name", "str", ("features",), "", "openSMILE name"),
        Field("features/value", "float32", ("stimuli", "features"), "", "functional"),
        *_table(
            "excluded",
            ("stimulus", "str", "", "song"),
            ("reason", "str", "", "why it has no features"),
        ),
    ),
)

RUN = Schema(
    "run",
    "train",
    "a trained network: folds, curves, test probabilities and weights",
    (
        *_table(
            "predictions",
            ("target", "str", "", "valence or arousal"),
            ("subject", "str", "", "listener"),
            ("stimulus", "str", "", "song or video"),
            ("label", "int8", "", "1 high, 0 low"),
            ("fold", "int64", "", "fold that tests this trial, from 1"),
            ("probability", "float64", "", "P(high) from that fold; NaN if it was not trained"),
        ),
        Field(
            "membership/role",
            "int8",
            ("predictions", "folds"),
            "",
            "0 trains, 1 validates, 2 tests",
        ),
        *_table(
            "epochs",
            ("target", "str", "", "valence or arousal"),
            ("fold", "int64", "", "from 1"),
            ("epoch", "int64", "", "from 1"),
            ("train_loss", "float64", "nat", "cross-entropy of the training fold"),
            ("validation_loss", "float64", "nat", "cross-entropy of the validation fold"),
            ("validation_accuracy", "float64", "", "share right in the validation fold"),
        ),
        *_table(
            "models",
            ("target", "str", "", "valence or arousal"),
            ("fold", "int64", "", "from 1"),
            ("best_epoch", "int64", "", "epoch of least validation loss, from 1; its weights"),
            ("seconds", "float64", "s", "time spent on this fold"),
            ("device", "str", "", "where it was trained"),
        ),
        Field("weights/{target}/*", "", ("models of target", "..."), "", "network parameters"),
    ),
)

SCHEMAS: dict[str, Schema] = {
    schema.kind: schema for schema in (RECORDINGS, LABELS, COMPONENTS, MUSIC, RUN)
}
