"""One trial over time: EDA, responses, attention, and what networks say of the first t seconds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from rtcan_cli.choices import CLASS_NAMES, MAP, SEED
from rtcan_cli.eda.features.scr import MIN_AMPLITUDE
from rtcan_cli.eda.features.stretch import RATE
from rtcan_cli.errors import RtcanError
from rtcan_cli.plots.attention.columns import to_columns
from rtcan_cli.plots.quality_page import envelope
from rtcan_cli.results.attention.listening import (
    ATTENTION_COLUMNS,
    EDA_COLUMNS,
    NETWORK_COLUMNS,
    PART_COLUMNS,
    PREDICTION_COLUMNS,
    Listening,
    Sound,
)
from rtcan_cli.results.base import Note, joined, note_of
from rtcan_cli.results.overview.recording import RESPONSE_COLUMNS
from rtcan_cli.runs.durations import FACTOR, lengths_of, usual
from rtcan_cli.runs.inputs import Sources
from rtcan_cli.runs.run import HELD_OUT, Run
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.beginnings import Beginnings, beginnings_of
from rtcan_cli.steps.attention.contributions import contributions_of_trial
from rtcan_cli.steps.attention.networks import SHOWN, choose_run, side_by_side, sources_of
from rtcan_cli.steps.attention.one_trial import (
    Explanation,
    How,
    explain,
    recording_of,
    tested_fold,
)
from rtcan_cli.steps.attention.skill import map_notes
from rtcan_cli.steps.attention.sound import find_sound
from rtcan_cli.steps.signals.one_recording import (
    Decomposed,
    Found,
    decomposition_of,
    find_recording,
    ratings_of,
    small_responses,
)
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.training.data import Trials
from rtcan_cli.training.folds.splits import TRAIN

_BINS = 500  # of the EDA: more than a page has pixels


def listen_to(
    workspace: Workspace,
    dataset: str,
    trial: str,
    run: Path | None = None,
    *,
    repetition: int | None = None,
    target: str | None = None,
    audio: Path | None = None,
    embed: bool = False,
    song_start: float | None = None,
) -> tuple[Listening, Sound | None, str | None]:
    """Collect what a page about one trial shows over time.

    Parameters
    ----------
    workspace, dataset
        Where the stores are.
    trial, repetition, target
        As of `rtcan_cli.steps.overview.recording.find_recording`; only networks of the target are
        shown.
    run : Path, optional
        The run whose networks are shown, with those that `gradcam` shows beside it; by default the
        newest that tests the trial. Without a run there are only the signals.
    audio : Path, optional
        The song, instead of the file that the store names.
    embed : bool
        Whether the audio becomes part of the page.
    song_start : float, optional
        Second of the recording at which the song begins; by default as the dataset has it.

    Returns
    -------
    Listening
    Sound or None
        What the page plays on its own.
    str or None
        Name of the run whose networks are asked; None if there is none.

    Raises
    ------
    RtcanError
        If there is no such recording, the run was made from other stores, or the audio is missing
        or of a kind that browsers do not play.
    """
    found = find_recording(workspace.store(dataset, "recordings"), trial, repetition, target)
    start = found.dataset.lead if song_start is None else song_start
    if not 0 <= start < found.seconds:
        raise RtcanError(
            f"the song cannot begin {start:g} s into a recording of {found.seconds:.1f} s",
            "a smaller --song-start",
        )
    sound, known, notes = find_sound(found, audio, embed)
    notes = [*found.notes(), *notes]
    decomposed = decomposition_of(found, workspace.store(dataset, "components"))
    ratings, more = ratings_of(found, workspace.store(dataset, "labels"), target)
    notes += more
    parts, responses = pd.DataFrame(columns=list(PART_COLUMNS)), None
    asked, name = _Asked([], [], [], []), None
    if isinstance(decomposed, Decomposed):
        parts, responses = _parts(decomposed), decomposed.responses
        notes += small_responses(found, responses)
        try:
            wanted = None if target is None else (target,)
            first = Run.load(run or choose_run(workspace, dataset, *found.key, wanted))
            asked = _ask(found, first, workspace, target)
            name = first.name
        except RtcanError as error:
            if run is not None:
                raise
            notes.append(note_of(error, "no_networks", f"no network is shown: {error}"))
    else:
        notes.append(decomposed)
    place, value = envelope(found.eda, _BINS)
    eda = pd.DataFrame(
        {"time": place / found.rate, "eda": value, "repaired": found.marks[place] % 2 == 1},
        columns=list(EDA_COLUMNS),
    )

    result = Listening(
        trial=found.trial(),
        song_start=start,
        audio=known,
        hears_music=asked.hears_music,
        window=asked.window,
        lengths=asked.lengths,
        shortest=FACTOR,
        onset=asked.onset,
        ratings=ratings,
        responses=pd.DataFrame(columns=[*RESPONSE_COLUMNS]) if responses is None else responses,
        scr_rate=RATE,
        scr_prominence=MIN_AMPLITUDE,
        networks=pd.DataFrame(asked.networks, columns=list(NETWORK_COLUMNS)),
        eda=eda,
        parts=parts,
        attention=joined(asked.attention, ATTENTION_COLUMNS),
        predictions=joined(asked.predictions, PREDICTION_COLUMNS),
        notes=tuple(dict.fromkeys([*notes, *asked.notes])),
    )
    return result, sound, name


def _parts(decomposed: Decomposed) -> pd.DataFrame:
    """Tonic and phasic part in the unit of the recording, at `RATE` at most."""
    parts = decomposed.parts
    step = max(1, round(parts.sampling_rate / RATE))
    return pd.DataFrame(
        {
            "time": np.arange(len(parts.phasic))[::step] / parts.sampling_rate,
            "tonic": (parts.level + parts.spread * parts.tonic)[::step],
            "phasic": (parts.spread * parts.phasic)[::step],
        },
        columns=list(PART_COLUMNS),
    )


@dataclass
class _Asked:
    """What networks say of a trial: rows and tables of the result."""

    networks: list[dict[str, object]]
    attention: list[pd.DataFrame]
    predictions: list[pd.DataFrame]
    notes: list[Note]
    hears_music: bool = False
    window: str | None = None
    lengths: tuple[float, ...] = ()
    onset: float = 0.0


def _ask(found: Found, first: Run, workspace: Workspace, wanted: str | None) -> _Asked:
    """Ask a run and its relatives, as `gradcam` does, those not trained on the subject."""
    settings = first.settings
    asked = _Asked([], [], [], [], settings.fusion != "none", onset=settings.onset)
    if not first.can_be_explained or not first.settings.model.sees(first.settings.fusion):
        text = f"{first.name} has no attention to show: {first.network}"
        asked.notes.append(Note("no_attention", text, first.line_of_the_network()))
        return asked
    sources = sources_of(workspace, first.path)
    explain_trials.check_sources(first, sources)
    assert sources.components is not None, "what can be explained sees signals"
    if settings.window is None:
        asked.lengths = usual(lengths_of(sources.components, settings.onset))
    else:
        asked.window = str(settings.window)
    companions = workspace.preferred_runs(found.dataset.name)
    how = How(MAP, "predicted", False, SEED)
    beginnings = None
    targets = [
        each
        for each in first.settings.targets
        if found.hearing in (each, "both") and wanted in (each, None)
    ]
    if not targets:
        text = (
            f"no network is shown: {first.name} predicts {' and '.join(first.settings.targets)}, "
            f"not {wanted or found.hearing}"
        )
        asked.notes.append(Note("not_predicted", text))
    for target in targets:
        tests = partial(tested_fold, target=target, key=found.key)
        recording = recording_of(first, sources, target, found.key)
        told = [
            each
            for run in side_by_side(first, companions, tests)
            if (each := explain(run, sources, target, recording, how))
        ]
        if not told:
            text = f"{target}: no trained fold of {first.name} tests this trial"
            asked.notes.append(Note("not_tested", text))
            continue
        if beginnings is None:  # all see the same
            beginnings = beginnings_of(found, sources, first, asked.lengths)
        for each in told:
            _add(asked, found, target, each, beginnings, sources)
            asked.notes += map_notes(each.run, target, each.run.name)
            if each.run.is_fused:
                asked.notes += _contributions(found, target, each, sources)
    if first.is_imported:
        text = (
            "it is not known which trials the imported network was trained on: it may have learned "
            "from this one"
        )
        asked.notes.append(Note("imported_network", text))
    return asked


def _contributions(found: Found, target: str, each: Explanation, sources: Sources) -> list[Note]:
    """What EDA and music each did to the answer to the whole recording, and a caveat."""
    run, (subject, stimulus, repetition) = each.run, found.key
    row = contributions_of_trial(
        run.path, sources, subject, stimulus, repetition=repetition, targets=(target,)
    ).iloc[0]
    text = (
        f"{target}, {SHOWN.get(run.settings.spec.variant, run.name)}: from {row['baseline']:.2f}, "
        f"the mean answer to training trials, the EDA moved P(high) by {row['eda']:+.2f} and the "
        f"music by {row['music']:+.2f}, to {row['probability']:.2f} (Shapley values)"
    )
    notes = [Note("contributions", text)]
    trials = run.trials(target)
    song = trials.loc[trials["stimulus"] == stimulus, HELD_OUT["stimulus"]].iloc[0]
    same = (trials[HELD_OUT["stimulus"]] == song).to_numpy()
    if (run.splits(target).role[same, each.fold - 1] == TRAIN).any():
        text = (
            f"this {found.dataset.stimulus_word} has also trained these networks: what music "
            "contributes includes what they remember of it"
        )
        notes.append(Note("song_in_training", text))
    return notes


def _add(
    asked: _Asked,
    found: Found,
    target: str,
    each: Explanation,
    beginnings: Beginnings,
    sources: Sources,
) -> None:
    """Ask one network about all beginnings, and add what it says."""
    run, n = each.run, len(beginnings.seconds)
    subject, stimulus, repetition = found.key
    music = None
    if run.settings.fusion != "none":
        assert sources.music is not None, "the run hears music"
        with Store(sources.music, "music") as store:
            row = store.array("stimuli/stimulus").tolist().index(stimulus)
            music = store.rows("features/value", range(row, row + 1))
    trials = Trials(
        eda=beginnings.eda,
        subject=np.full(n, subject),
        stimulus=np.full(n, stimulus),
        music=music,
        song=None if music is None else np.zeros(n, np.int64),
        repetition=np.full(n, repetition),
    )
    model = run.model_of_fold(target, each.fold)
    probability, calibrated = model.probability(trials), model.calibrated(trials)
    own = run.trials(target)
    own = own[(own["subject"] == subject) & (own["stimulus"] == stimulus)]
    stored = float(own.loc[own["repetition"] == repetition, "probability"].iloc[0])
    if abs(stored - probability[-1]) > explain_trials.TOLERANCE:
        text = (
            f"{target}, {run.name}: of the whole recording it says {probability[-1]:.3f} here, and "
            f"{stored:.3f} is stored: the settings of the decomposition are not those of training"
        )
        asked.notes.append(Note("not_as_stored", text))
    variant, call = run.settings.spec.variant, each.attribution
    name = {"target": target, "run": run.name, "network": SHOWN.get(variant, variant)}
    asked.networks.append(
        {
            **name,
            "fold": each.fold,
            "true_class": CLASS_NAMES[each.truth],
            "probability": stored,
            "calibrated": float(calibrated[-1]) if model.is_calibrated else np.nan,
            "explained_class": CLASS_NAMES[call.class_index],
            "peak": np.nan if call.is_empty else float(each.seconds[int(call.weight.argmax())]),
            "first": float(beginnings.seconds[0]),
        }
    )
    edges, weight = to_columns(each.seconds, call.weight)
    attention = pd.DataFrame({"begin": edges[:-1], "end": edges[1:], "weight": weight})
    asked.attention.append(attention.assign(**name)[list(ATTENTION_COLUMNS)])
    said = {"time": beginnings.seconds, "probability": probability, "usual": beginnings.usual}
    asked.predictions.append(pd.DataFrame(said).assign(**name)[list(PREDICTION_COLUMNS)])
