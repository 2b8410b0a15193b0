"""One recording of the stores, with all that is known of it: quality, parts, responses, ratings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.choices import CLASS_NAMES
from rtcan_cli.datasets.absolute import axis_unit
from rtcan_cli.datasets.polarity import SignalKind, stored_kind
from rtcan_cli.datasets.profiles import TARGETS, Profile, profile
from rtcan_cli.eda.blocks import SIGNALS
from rtcan_cli.eda.features.scr import find_responses
from rtcan_cli.eda.features.stretch import RATE, cut
from rtcan_cli.eda.methods import TITLES, WITH_DRIVER
from rtcan_cli.eda.resample import resample
from rtcan_cli.errors import RtcanError
from rtcan_cli.plots.recording import Parts
from rtcan_cli.results.base import Note
from rtcan_cli.results.data.quality import MEASURES
from rtcan_cli.results.overview.recording import (
    QUALITY_COLUMNS,
    RATING_COLUMNS,
    RESPONSE_COLUMNS,
    AboutTrial,
)
from rtcan_cli.steps.data.quality import remark
from rtcan_cli.steps.signals.decomposed_trial import is_trial
from rtcan_cli.stores import Store
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.trial_key import TRIAL_KEY, trial_name

#: Columns of a components store that say how one recording was decomposed.
_OUTCOME = (
    *("solver", "alpha", "raised", "tau0", "tau1", "noise", "gap"),
    *("phasic_variance", "tonic_variance", "residual_variance"),
)


@dataclass(frozen=True)
class Found:
    """One recording of a store.

    Parameters
    ----------
    store : Path
        The recordings store.
    row : int
        Its row there.
    about : Series
        Its columns there, and those of its trial and stimulus: ratings, title, artist and audio.
    quality : DataFrame
        Value and median of each measure, as in the result.
    remark : str
        Its faults in words.
    eda : ndarray, shape (n,)
        In the unit that is stored; NaN where samples are lost.
    marks : ndarray of uint8, shape (n,)
        As `signals/repaired` in the store.
    kind : SignalKind
        Unit and polarity.
    made : Mapping
        Parameters of the store.
    content_id : str
        Of the store.
    simulated : bool
    dataset : Profile
    others : tuple of (int, str)
        Repetition and hearing of other recordings of this subject and stimulus.
    """

    store: Path
    row: int
    about: pd.Series
    quality: pd.DataFrame
    remark: str
    eda: NDArray[np.float64]
    marks: NDArray[np.uint8]
    kind: SignalKind
    made: Mapping[str, Any]
    content_id: str
    simulated: bool
    dataset: Profile
    others: tuple[tuple[int, str], ...]

    @property
    def key(self) -> tuple[str, str, int]:
        """Subject, stimulus and repetition."""
        subject, stimulus, repetition = (self.about[name] for name in TRIAL_KEY)
        return str(subject), str(stimulus), int(repetition)

    @property
    def rate(self) -> float:
        """Sampling rate in Hz."""
        return float(self.about["sampling_rate"])

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.eda) / self.rate

    @property
    def hearing(self) -> str:
        """The rating that it was recorded for, ``valence`` or ``arousal``, or ``both``."""
        return str(self.about["target"])

    def trial(self) -> AboutTrial:
        """Which recording it is, for a result."""
        subject, stimulus, repetition = self.key
        names = [str(self.about[name]) for name in ("title", "artist") if self.about[name]]
        return AboutTrial(
            dataset=self.dataset.name,
            simulated=self.simulated,
            subject=subject,
            stimulus=stimulus,
            title=" by ".join(names),
            repetition=repetition,
            hearing=self.hearing,
            seconds=self.seconds,
            sampling_rate=self.rate,
            eda_unit=self.kind.axis_unit,
            eda_polarity=self.kind.polarity,
            problem=self.about["problem"] or None,
        )

    def notes(self) -> list[Note]:
        """What has to be known of the choice of the recording, and of its polarity."""
        notes = []
        if self.others:
            words = [
                f"repetition {n}" + (f" ({of})" if of != "both" else "") for n, of in self.others
            ]
            text = f"other recordings of this subject and stimulus: {', '.join(words)}"
            notes.append(
                Note("other_recordings", f"{text}; --repetition and --target take another")
            )
        if self.kind.warning:
            notes.append(Note("resistance", self.kind.warning))
        return notes


@dataclass(frozen=True)
class Decomposed:
    """What a recording was decomposed into.

    Parameters
    ----------
    parts : Parts
        The signals.
    settings : dict
        How, and what came of it.
    responses : DataFrame
        Its responses, as in the result.
    """

    parts: Parts
    settings: dict[str, Any]
    responses: pd.DataFrame


def small_responses(found: Found, responses: pd.DataFrame) -> list[Note]:
    """Say how many responses are no larger than what the sensor and its noise do.

    Wristbands have steps of 0.001 uS, and cvxEDA answers to each bump; the field counts responses
    from 0.01 to 0.05 uS (Boucsein et al. 2012, Psychophysiology 49(8)).
    """
    measured = found.quality.set_index("measure")["value"]
    limit = float(measured[["noise", "resolution"]].max())
    n = int((responses["amplitude_recorded"] < limit).sum())
    if not n:
        return []
    unit = axis_unit(found.kind.axis_unit, found.dataset)
    text = (
        f"{n} of {len(responses)} responses are smaller than the noise of this recording, or than "
        f"the steps of its values ({limit:.2g} {unit}): they may be noise"
    )
    return [Note("small_responses", text)]


def find_recording(
    recordings: Path, trial: str, repetition: int | None = None, target: str | None = None
) -> Found:
    """Read the recording that a user means.

    Parameters
    ----------
    recordings : Path
        Recordings store.
    trial : str
        ``subject:stimulus`` or ``subject:stimulus:repetition``.
    repetition : int, optional
        Which hearing; by default the first.
    target : {"valence", "arousal"}, optional
        Which recording, where there is one for each rating; by default the first.

    Raises
    ------
    RtcanError
        If there is none.
    """
    with Store(recordings, "recordings") as store:
        table = store.table("recordings")
        named = is_trial(table, trial)
        plain = (table["subject"] + ":" + table["stimulus"] == trial).any()
        if repetition is not None and named.any() and not plain:
            raise RtcanError(
                f"the trial '{trial}' names its repetition already", "leave out --repetition"
            )
        wanted = named & (repetition is None or (table["repetition"] == repetition).to_numpy())
        wanted &= target is None or table["target"].isin([target, "both"]).to_numpy()
        if not wanted.any():
            raise _not_found(recordings, table, trial, named)
        rows = table[wanted].sort_values(["repetition"], kind="stable")
        row, about = int(str(rows.index[0])), rows.iloc[0]
        same = named & (table.index != row)
        others = table.loc[same, ["repetition", "target"]].itertuples(index=False, name=None)
        trials = store.table("trials", list(TARGETS))
        stimuli = store.table("stimuli", ["stimulus", "title", "artist", "audio"])
        stimulus = stimuli[stimuli["stimulus"] == about["stimulus"]].head(1)
        about = pd.concat(
            [
                about,
                trials.iloc[int(about["trial"])],
                stimulus.drop(columns="stimulus").iloc[0]
                if len(stimulus)
                else pd.Series({"title": "", "artist": "", "audio": ""}),
            ]
        )
        every = store.table("quality").reindex(columns=list(MEASURES))
        quality = pd.DataFrame(
            {"measure": every.columns, "value": every.iloc[row], "median": every.median()}
        )
        made = store.provenance
        return Found(
            store=recordings,
            row=row,
            about=about,
            quality=quality.reset_index(drop=True)[list(QUALITY_COLUMNS)],
            remark=remark(every.iloc[row]),
            eda=store.signal("eda", row).astype(float),
            marks=store.signal("repaired", row),
            kind=stored_kind(made.parameters),
            made=made.parameters,
            content_id=store.content_id,
            simulated=made.simulated,
            dataset=profile(made.dataset),
            others=tuple(others),
        )


def _not_found(
    recordings: Path, table: pd.DataFrame, trial: str, named: NDArray[np.bool_]
) -> RtcanError:
    if named.any():
        there = ", ".join(
            f"--repetition {n} --target {'valence or arousal' if of == 'both' else of}"
            for n, of in table.loc[named, ["repetition", "target"]].itertuples(index=False)
        )
        return RtcanError(f"{recordings}: has no such recording of the trial '{trial}'", there)
    names = [trial_name(*key) for key in table[list(TRIAL_KEY)].itertuples(index=False)]
    like = get_close_matches(trial, names, 1, cutoff=0.0) or ["SUBJECT:STIMULUS"]
    return RtcanError(
        f"{recordings}: has no EDA of the trial '{trial}' (subject:stimulus)",
        f"{like[0]}, for example",
    )


def decomposition_of(found: Found, components: Path) -> Decomposed | Note:
    """What a recording was decomposed into, or why that is not there and what makes it."""
    if found.about["problem"]:
        text = f"it is left out, and not decomposed: {found.about['problem']}"
        return Note("left_out", text)
    line = line_that_makes(components, "components")
    if not components.exists():
        text = "it is not decomposed yet: tonic, phasic, driver and responses are missing"
        return Note("not_decomposed", text, line)
    with Store(components, "components") as store:
        made = store.provenance
        if made.inputs.get("recordings") != found.content_id:
            text = "its decomposition is not shown: it was made from other recordings than these"
            return Note("stale_components", text, line)
        row = store.table("recordings").iloc[found.row]
        if row["problem"]:
            return Note("not_decomposed", f"it was not decomposed: {row['problem']}")
        signals = {name: store.signal(name, found.row).astype(float) for name in SIGNALS}
    rate, how = float(row["sampling_rate"]), made.parameters
    method = how["decomposition"]
    phasic, tonic, driver = (signals[name] for name in ("phasic", "tonic", "driver"))
    # As it was z-scored: at the rate at which it was decomposed.
    level = resample(found.eda, found.rate, rate)
    parts = Parts(
        tonic=tonic,
        phasic=phasic,
        driver=driver if method in WITH_DRIVER else None,
        sampling_rate=rate,
        level=float(level.mean()),
        spread=float(level.std()),
    )
    settings = {"method": TITLES[method], **how, "decomposed_at": rate}
    outcome = {name: each for name, each in row.items() if name in _OUTCOME and _is_known(each)}
    settings |= {"alpha_setting": how["alpha"]} if how.get("alpha") == "auto" else {}
    settings |= pd.Series(outcome, dtype=object).to_dict()
    of_cvxeda = () if method == "cvxeda" else ("solver", "raised")
    for name in ("decomposition", *found.kind.parameters, *of_cvxeda):
        settings.pop(name, None)
    stretch = cut(phasic + tonic + signals["residual"], phasic, tonic, driver, rate, onset=0)
    return Decomposed(parts, settings, responses_of(stretch.phasic, parts.spread))


def _is_known(value: object) -> bool:
    return value != "" and not (isinstance(value, float) and math.isnan(value))


def responses_of(phasic: NDArray[np.float64], spread: float) -> pd.DataFrame:
    """The responses in a phasic signal, see `rtcan_cli.eda.features.scr`.

    Parameters
    ----------
    phasic : ndarray, shape (n,)
        At `RATE`, in z.
    spread : float
        What 1 z is in the unit of the recording.
    """
    found = find_responses(phasic)
    recovered = np.where(found.recovery < 0, np.nan, found.recovery - found.peak)
    return pd.DataFrame(
        {
            "onset": found.onset / RATE,
            "peak": found.peak / RATE,
            "amplitude": found.amplitude,
            "amplitude_recorded": found.amplitude * spread,
            "rise_time": (found.peak - found.onset) / RATE,
            "recovery_time": recovered / RATE,
        },
        columns=list(RESPONSE_COLUMNS),
    )


def ratings_of(
    found: Found, labels: Path, target: str | None = None
) -> tuple[pd.DataFrame, list[Note]]:
    """Rating, threshold and label of a trial for one target or each, as far as they are known."""
    targets = TARGETS if target is None else (target,)
    table = pd.DataFrame(
        {
            "target": targets,
            "rating": [float(found.about[each]) for each in targets],
            "threshold": math.nan,
            "label": None,
        },
        columns=list(RATING_COLUMNS),
    )
    if not labels.exists():
        text = "it has no labels yet: high or low, relative to each subject"
        return table, [Note("no_labels", text, line_that_makes(labels, "labels"))]
    with Store(labels, "labels") as store:
        if store.provenance.inputs.get("recordings") != found.content_id:
            text = "its labels are not shown: they were made from other recordings than these"
            return table, [Note("stale_labels", text, line_that_makes(labels, "labels"))]
        every, thresholds = store.table("labels"), store.table("thresholds")
    own = every[(every[list(TRIAL_KEY)] == list(found.key)).all(axis=1)]
    limits = thresholds[thresholds["subject"] == found.key[0]]
    for place, each in enumerate(targets):
        if len(own) and own[each].iloc[0] >= 0:
            table.loc[place, "label"] = CLASS_NAMES[int(own[each].iloc[0])]
        if len(limits):
            table.loc[place, "threshold"] = float(limits[each].iloc[0])
    return table, []
