"""What is on disk: the kinds of stores, and every dataset in them with its shape and unit.

This module is the one description of the layout. Writing checks against it, `rtcan info` and the
documentation are made from it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

SCHEMA_VERSION = 6
#: Versions whose stores are read; they may lack the fields that are `since` a later one.
READABLE = (5, 6)

#: What differs if the same store is made twice; the content id leaves it out.
TIMINGS = (
    "recordings/seconds",
    *(f"models/{name}" for name in ("seconds", "cpu_seconds", "threads", "hardware", "software")),
)

#: Samples of all recordings lie end to end; recording i is [offsets[i], offsets[i + 1]).
OFFSETS = "signals/offsets"
IMPLAUSIBLE = 2
"""Added to `signals/repaired` where a sample was there, but cannot come from skin."""


@dataclass(frozen=True)
class Field:
    """One HDF5 dataset of a store.

    Parameters
    ----------
    path : str
        Where it is. ``{target}`` stands for valence or arousal, a last part ``*`` for any name.
    dtype : str
        ``str`` (UTF-8) or a NumPy type; empty where the array determines it.
    shape : tuple of str
        Named axes; equal names mean equal lengths within one store. ``...`` means any further axes.
    unit : str
        Physical unit, or "" for names and counts.
    meaning : str
        What it contains.
    since : int
        Schema version from which on stores have it.
    """

    path: str
    dtype: str
    shape: tuple[str, ...]
    unit: str
    meaning: str
    since: int = READABLE[0]


@dataclass(frozen=True)
class Schema:
    """One kind of store: which command makes it and which datasets it contains."""

    kind: str
    command: str
    meaning: str
    fields: tuple[Field, ...]

    def of_version(self, version: int) -> Schema:
        """What stores of an earlier version hold."""
        return replace(self, fields=tuple(each for each in self.fields if each.since <= version))

    def part(self, paths: Collection[str]) -> Schema:
        """Some of its datasets."""
        return replace(self, fields=tuple(each for each in self.fields if each.path in paths))

    def columns(self, table: str) -> list[Field]:
        """The datasets of one table."""
        return [field for field in self.fields if field.path.split("/")[0] == table]


def _table(
    name: str,
    *columns: tuple[str, str, str, str],
    axis: str | None = None,
    since: int = READABLE[0],
) -> tuple[Field, ...]:
    return tuple(
        Field(f"{name}/{column}", dtype, (axis or name,), unit, meaning, since)
        for column, dtype, unit, meaning in columns
    )


#: What every table of trials or recordings has.
_TRIAL = (
    ("subject", "str", "", "listener"),
    ("stimulus", "str", "", "song or video"),
    ("repetition", "int64", "", "1 the first time that the listener heard it, 2 the second, ..."),
    ("song", "str", "", "the same for stimuli that are one song with several names"),
)

_RECORDING_KEYS = (
    *_TRIAL,
    ("target", "str", "", "hearing that the EDA belongs to: valence, arousal or both"),
    ("sampling_rate", "float64", "Hz", "sampling rate of the EDA"),
)

#: What every table of recordings has.
RECORDING_COLUMNS = (*(name for name, *_ in _RECORDING_KEYS), "problem")

RECORDINGS = Schema(
    "recordings",
    "ingest",
    "raw EDA with its quality, ratings, stimuli and raw files",
    (
        *_table(
            "trials",
            *_TRIAL,
            ("valence", "float64", "rating scale", "the subject's own rating; NaN if not given"),
            ("arousal", "float64", "rating scale", "the subject's own rating; NaN if not given"),
        ),
        *_table(
            "recordings",
            *_RECORDING_KEYS,
            ("trial", "int64", "", "row of the trials table"),
            ("source", "str", "", "raw file it was read from, as in the files table"),
            ("position", "str", "", "where in that file; empty if it is the whole file"),
            ("unit", "str", "", "unit of the stored EDA"),
            ("polarity", "str", "", "what the file held, whether converted or its sign flipped"),
            ("problem", "str", "", "why later steps leave it out; empty if they use it"),
        ),
        *_table(
            "quality",
            ("duration", "float64", "s", "length of the recording"),
            (
                "missing",
                "float64",
                "share",
                "samples lost, implausible, or within 0.25 s of these",
            ),
            ("longest_gap", "float64", "s", "longest run of lost or implausible samples"),
            ("flat", "float64", "share", "samples in long runs of one value"),
            ("clipped", "float64", "share", "samples in runs at the highest or lowest value"),
            ("lowest", "float64", "recordings/unit", "lowest sample"),
            ("highest", "float64", "recordings/unit", "highest sample"),
            ("jitter", "float64", "share", "unevenness of the sampling times; NaN if unknown"),
            (
                "repaired",
                "float64",
                "share",
                "samples interpolated in and beside short gaps",
            ),
            axis="recordings",
        ),
        *_table(
            "quality",
            ("implausible", "float64", "share", "samples that cannot come from skin, of any kind"),
            ("zeros", "float64", "share", "of these, samples of exactly 0"),
            ("sentinels", "float64", "share", "codes for missing values, such as -1 or 9999"),
            ("out_of_range", "float64", "share", "beyond what skin conductance can be"),
            ("too_fast", "float64", "share", "samples of changes that are too fast for skin"),
            ("spikes", "float64", "share", "samples of short jumps upwards"),
            ("dips", "float64", "share", "samples of short jumps downwards"),
            ("steps", "float64", "", "jumps of the level that does not come back"),
            ("resolution", "float64", "recordings/unit", "smallest step between values"),
            ("noise", "float64", "recordings/unit", "standard deviation of the sensor's noise"),
            ("signal_to_noise", "float64", "", "standard deviation over noise or resolution"),
            axis="recordings",
            since=6,
        ),
        *_table(
            "stimuli",
            ("stimulus", "str", "", "song or video"),
            ("title", "str", "", "title"),
            ("artist", "str", "", "artist"),
            ("song", "str", "", "the same for stimuli that are one song with several names"),
            ("audio", "str", "", "audio file inside the raw folder, or zip:member; empty if none"),
            ("sound", "str", "", "hash of the contents of the audio file; empty if none"),
            ("valence_mean", "float64", "rating scale", "published mean rating; NaN if none"),
            ("arousal_mean", "float64", "rating scale", "published mean rating; NaN if none"),
        ),
        *_table(
            "excluded",
            ("subject", "str", "", "listener; empty if a whole file is left out"),
            ("stimulus", "str", "", "song or video; empty in the same case"),
            ("reason", "str", "", "why it was left out"),
            ("source", "str", "", "raw file concerned"),
            ("position", "str", "", "where in that file"),
            ("repetition", "int64", "", "as in the trials table"),
        ),
        *_table(
            "files",
            ("path", "str", "", "raw file, relative to the raw folder"),
            ("size", "int64", "B", "size"),
            ("sha256", "str", "", "SHA-256 of its bytes, hexadecimal; empty if unreadable"),
        ),
        Field(OFFSETS, "int64", ("recordings+1",), "samples", "first sample of each recording"),
        Field(
            "signals/eda",
            "float64",
            ("samples",),
            "recordings/unit",
            "raw EDA; NaN where lost or implausible; its sign as recordings/polarity says",
        ),
        Field(
            *("signals/repaired", "uint8", ("samples",), ""),
            "1 where interpolated over a gap, and 2 more where a sample was implausible",
        ),
    ),
)

LABELS = Schema(
    "labels",
    "relabel",
    "high and low valence and arousal for each trial",
    (
        *_table(
            "labels",
            *_TRIAL,
            ("valence", "int8", "", "1 high, 0 low, -1 no label"),
            ("arousal", "int8", "", "1 high, 0 low, -1 no label"),
        ),
        *_table(
            "thresholds",
            ("subject", "str", "", "listener"),
            ("valence", "float64", "rating scale", "high is above this"),
            ("arousal", "float64", "rating scale", "high is above this"),
            ("n_trials", "int64", "", "trials with both ratings"),
            ("fallback", "bool", "", "too few distinct ratings: the centre of the scale was used"),
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
            ("solver", "str", "", "structured or cvxopt (cvxEDA), or the method; empty if none"),
            ("objective", "float64", "", "cvxEDA objective at the solution; NaN for other methods"),
            ("gap", "float64", "", "proven distance of the objective from its optimum; or NaN"),
            ("iterations", "int64", "", "steps of the cvxEDA solver"),
            ("tau0", "float64", "s", "slow time constant of the driver's response; NaN if none"),
            ("tau1", "float64", "s", "its fast time constant; NaN if none"),
            ("phasic_variance", "float64", "z^2", "variance of the phasic part; NaN if none"),
            ("tonic_variance", "float64", "z^2", "variance of the tonic part; NaN if none"),
            ("residual_variance", "float64", "z^2", "variance of the residual; NaN if none"),
            ("seconds", "float64", "s", "processor time; not in the content id"),
            ("problem", "str", "", "why it was not decomposed; empty if it was"),
        ),
        *_table(
            "recordings",
            (
                "noise",
                "float64",
                "z",
                "noise as decomposed (resampled: about 0.8 of it); NaN if not decomposed",
            ),
            (
                "noise_recorded",
                "float64",
                "raw unit",
                "the same in the unit of the raw EDA; or NaN",
            ),
            ("alpha", "float64", "", "penalty on the cvxEDA driver; NaN for other methods"),
            ("raised", "int64", "", "how often it was raised because components cancelled"),
            since=6,
        ),
        Field(OFFSETS, "int64", ("recordings+1",), "samples", "first sample of each recording"),
        Field("signals/phasic", "float32", ("samples",), "z", "phasic part"),
        Field("signals/tonic", "float32", ("samples",), "z", "tonic part"),
        Field("signals/driver", "float32", ("samples",), "z/s", "sudomotor driver"),
        Field("signals/residual", "float32", ("samples",), "z", "signal - phasic - tonic"),
    ),
)

FEATURES = Schema(
    "features",
    "eda-features",
    "hand-crafted features of each recording's EDA",
    (
        *_table(
            "recordings",
            *_RECORDING_KEYS,
            ("problem", "str", "", "why it has no features; empty if it has"),
        ),
        Field("features/name", "str", ("features",), "", "feature"),
        Field("features/unit", "str", ("features",), "", "its unit; empty for a number without"),
        Field("features/domain", "str", ("features",), "", "SCR, time, frequency, time-frequency"),
        Field("features/formula", "str", ("features",), "", "how it is computed"),
        Field(
            "features/value",
            "float64",
            ("recordings", "features"),
            "features/unit",
            "value; NaN throughout for a recording with a problem",
        ),
    ),
)

MUSIC = Schema(
    "music",
    "music-features",
    "one vector of features of each song: openSMILE functionals, or those of a model",
    (
        *_table(
            "stimuli",
            ("stimulus", "str", "", "song"),
            ("seconds", "float64", "s", "length of its audio; NaN for published features"),
            (
                "eda_seconds",
                "float64",
                "s",
                "median length of its usable EDA; NaN in the same case",
            ),
        ),
        Field(
            "features/name",
            "str",
            ("features",),
            "",
            "name, of openSMILE or imported",
        ),
        Field(
            "features/value",
            "float32",
            ("stimuli", "features"),
            "",
            "value",
        ),
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
    "a trained model: folds, curves, test probabilities and weights",
    (
        *_table(
            "predictions",
            ("target", "str", "", "valence or arousal"),
            *_TRIAL,
            ("label", "int8", "", "1 high, 0 low"),
            ("fold", "int64", "", "fold that tests this trial, from 1; 0 if none does"),
            ("probability", "float64", "", "P(high) from that fold; NaN if none was trained"),
        ),
        Field(
            "membership/role",
            "int8",
            ("predictions", "folds"),
            "",
            "0 training, 1 validation, 2 test, 3 not used in this fold",
        ),
        Field(
            "membership/label",
            "int8",
            ("predictions", "folds"),
            "",
            "label in this fold; the same in all, unless thresholds come from training trials",
        ),
        *_table(
            "thresholds",
            ("fold", "int64", "", "from 1; no rows unless thresholds come from training trials"),
            ("subject", "str", "", "listener"),
            ("valence", "float64", "rating scale", "high is above this"),
            ("arousal", "float64", "rating scale", "high is above this"),
            ("n_trials", "int64", "", "training trials with both ratings"),
            ("fallback", "bool", "", "too few distinct ratings: the centre of the scale was used"),
        ),
        *_table(
            "epochs",
            ("target", "str", "", "valence or arousal"),
            ("fold", "int64", "", "from 1"),
            (
                "epoch",
                "int64",
                "",
                "from 1; for models that are not networks, trees or iterations",
            ),
            ("train_loss", "float64", "nat", "cross-entropy of the training fold"),
            ("validation_loss", "float64", "nat", "cross-entropy of the validation fold"),
            ("validation_accuracy", "float64", "", "accuracy on the validation fold"),
        ),
        *_table(
            "models",
            ("target", "str", "", "valence or arousal"),
            ("fold", "int64", "", "from 1"),
            (
                "best_epoch",
                "int64",
                "",
                "epoch with the lowest validation loss, from 1; 0 if imported",
            ),
            ("candidate", "int64", "", "number of the selected candidate of the model, from 1"),
            ("setting", "str", "", "the same in words; empty if there is only one"),
            ("n_parameters", "int64", "", "number of fitted parameters"),
            ("temperature", "float64", "", "of its validation trials; NaN if there were none"),
            ("seconds", "float64", "s", "device time of this fold, all candidates"),
            ("cpu_seconds", "float64", "s", "processor time, all threads together"),
            ("threads", "int64", "", "number of processor threads"),
            ("device", "str", "", "where it was trained, as PyTorch names it"),
            ("hardware", "str", "", "model of that processor or GPU"),
            ("software", "str", "", "versions of rtcan, Python, PyTorch and NumPy"),
        ),
        Field("weights/{target}/*", "", ("models of target", "..."), "", "what was fitted"),
    ),
)

SCHEMAS: dict[str, Schema] = {
    schema.kind: schema for schema in (RECORDINGS, LABELS, COMPONENTS, FEATURES, MUSIC, RUN)
}
