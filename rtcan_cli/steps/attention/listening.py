"""One trial over time: EDA, responses, attention, and what networks say of growing beginnings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.choices import CLASS_NAMES, MAP, SEED
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.eda.blocks import Undecomposed, decompose_block
from rtcan_cli.eda.features.stretch import RATE
from rtcan_cli.eda.methods import method_of
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
from rtcan_cli.results.base import Note, note_of
from rtcan_cli.results.overview.recording import RESPONSE_COLUMNS
from rtcan_cli.runs.durations import FACTOR, lengths_of, usual
from rtcan_cli.runs.inputs import Sources, parts_input
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.networks import SHOWN, choose_run, side_by_side, sources_of
from rtcan_cli.steps.attention.one_trial import (
    Explanation,
    How,
    explain,
    recording_of,
    tested_fold,
)
from rtcan_cli.steps.data.songs import stored_audio_file
from rtcan_cli.steps.overview.recording import (
    Decomposed,
    Found,
    decomposition_of,
    find_recording,
    ratings_of,
)
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.training.data import Trials

#: Kinds of audio that browsers play, by the ending of the file.
PLAYED = {
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".aac": "audio/aac",
    ".webm": "audio/webm",
}
#: The largest audio file that is put into a page, in bytes: a browser keeps it in memory.
LARGEST = 64 * 1024 * 1024
#: Beginnings that networks are asked about, and the shortest step between them in seconds.
N_BEGINNINGS, STEP = 40, 0.5
_BINS = 500  # of the EDA: more than a page has pixels
#: A stored answer that differs by more was made with other settings.
TOLERANCE = 1e-3


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
    folder: Path = Path(),
) -> tuple[Listening, Sound | None]:
    """Collect what a page about one trial shows over time.

    Parameters
    ----------
    workspace, dataset
        Where the stores are.
    trial, repetition, target
        As of `rtcan_cli.steps.overview.recording.find_recording`.
    run : Path, optional
        The run whose networks are shown, with those that `gradcam` shows beside it; by default the
        newest that tests the trial. Without a run there are only the signals.
    audio : Path, optional
        The song, instead of the file that the store names.
    embed : bool
        Whether the audio becomes part of the page.
    song_start : float, optional
        Second of the recording at which the song begins; by default as the dataset has it.
    folder : Path
        Where the page will be, which links are relative to.

    Returns
    -------
    Listening
    Sound or None
        What the page plays on its own.

    Raises
    ------
    RtcanError
        If there is no such recording, the run was made from other stores, or the audio is missing
        or of a kind that browsers do not play.
    """
    found = find_recording(workspace.store(dataset, "recordings"), trial, repetition, target)
    sound, known, notes = _sound(found, audio, embed, folder)
    notes = [*found.notes(), *notes]
    decomposed = decomposition_of(found, workspace.store(dataset, "components"))
    ratings, more = ratings_of(found, workspace.store(dataset, "labels"))
    notes += more
    parts, responses = pd.DataFrame(columns=list(PART_COLUMNS)), None
    asked = _Asked([], [], [], [])
    if isinstance(decomposed, Decomposed):
        parts, responses = _parts(decomposed), decomposed.responses
        try:
            chosen = run or choose_run(workspace, dataset, *found.key)
            asked = _ask(found, Run.load(chosen), workspace)
        except RtcanError as error:
            if run is not None:
                raise
            notes.append(note_of(error, "no_networks", f"no network is shown: {error}"))
    else:
        notes.append(decomposed)
    start = found.dataset.lead if song_start is None else song_start
    if not 0 <= start < found.seconds:
        raise RtcanError(
            f"the song cannot begin {start:g} s into a recording of {found.seconds:.1f} s",
            "a smaller --song-start",
        )
    place, value = envelope(found.eda, _BINS)
    eda = pd.DataFrame(
        {"time": place / found.rate, "eda": value, "repaired": found.marks[place] % 2 == 1},
        columns=list(EDA_COLUMNS),
    )

    def joined(tables: list[pd.DataFrame], columns: dict[str, Any]) -> pd.DataFrame:
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*columns])

    result = Listening(
        trial=found.trial(),
        song_start=start,
        audio=known,
        hears_music=asked.hears_music,
        window=asked.window,
        lengths=asked.lengths,
        onset=asked.onset,
        ratings=ratings,
        responses=pd.DataFrame(columns=[*RESPONSE_COLUMNS]) if responses is None else responses,
        networks=pd.DataFrame(asked.networks, columns=list(NETWORK_COLUMNS)),
        eda=eda,
        parts=parts,
        attention=joined(asked.attention, ATTENTION_COLUMNS),
        predictions=joined(asked.predictions, PREDICTION_COLUMNS),
        notes=(*notes, *asked.notes),
    )
    return result, sound


def _sound(
    found: Found, given: Path | None, embed: bool, folder: Path
) -> tuple[Sound | None, str | None, list[Note]]:
    """What the page plays, the file as a user knows it, and what is to be said of it."""
    if given is not None:
        if not given.is_file():
            raise RtcanError(f"{given}: this audio file does not exist", "--audio FILE")
        file = RawFile(given, PurePosixPath(given.name))
    elif found.about["audio"]:
        raw = Path(found.made.get("audio", found.made["raw"]))
        follow = found.made.get("follow_links") is True
        file = stored_audio_file(raw, str(found.about["audio"]), follow)
    else:
        text = f"no audio file of this {found.dataset.stimulus_word} is known"
        if embed:
            raise RtcanError(text, "--audio FILE")
        text += ": choose one in the page, or name it with --audio FILE"
        return None, None, [Note("no_audio", text)]
    if given is None and not embed:
        text = f"its audio is {file}; --embed-audio puts it into the page, or choose it there"
        return None, str(file), [Note("audio_known", text)]
    kind = PLAYED.get(file.name.suffix.lower())
    if kind is None:
        raise RtcanError(f"{file}: browsers do not play this kind", "the song as MP3 or WAV file")
    if not embed:
        # Relative, so that the page can be moved together with the song.
        link = quote(Path(os.path.relpath(file.path.resolve(), folder.resolve())).as_posix())
        return Sound(file.name.name, kind, link=link), str(file), []
    content = file.content()
    if len(content) > LARGEST:
        size = f"{len(content) / 1e6:.0f} MB"
        raise RtcanError(f"{file}: {size} are too much for a page", "the song as MP3 file")
    text = "the page holds a copy of the song: pass it on only where you may pass on the song"
    return Sound(file.name.name, kind, content), str(file), [Note("audio_embedded", text)]


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


def _ask(found: Found, first: Run, workspace: Workspace) -> _Asked:
    """Ask a run and its relatives, as `gradcam` does, those that did not learn from the subject."""
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
    companions = workspace.runs(found.dataset.name)
    how = How(MAP, "predicted", False, SEED)
    targets = [each for each in first.settings.targets if found.hearing in (each, "both")]
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
        beginnings = _beginnings(found, sources, first, asked.lengths)  # they see the same
        for each in told:
            _add(asked, found, target, each, beginnings, sources)
    if first.is_imported:
        text = (
            "it is not known which trials the imported network was trained on: it may have learned "
            "from this one"
        )
        asked.notes.append(Note("imported_network", text))
    return asked


@dataclass(frozen=True)
class _Beginnings:
    """Beginnings of a recording: lengths, what networks see (n, 3, L), which are usual lengths."""

    seconds: NDArray[np.float64]
    eda: NDArray[np.float32]
    usual: NDArray[np.bool_]


def _beginnings(
    found: Found, sources: Sources, run: Run, lengths: tuple[float, ...]
) -> _Beginnings:
    """Cut a recording after growing times, and decompose each beginning on its own.

    A beginning is treated like a recording that ended there: nothing after it is used. A network
    stretches what it sees to its length. So it is not asked about beginnings that are shorter than
    its recordings by more than `FACTOR`; with a window, all are equally long.
    """
    assert sources.components is not None, "what can be explained sees signals"
    with Store(sources.components, "components") as store:
        how = store.provenance.parameters
    rate = min(found.rate, how.get("rate") or np.inf)
    seen = run.settings.onset, run.settings.spec.length, run.settings.window
    onset, _, window = seen
    if window is None:
        short, long = lengths
        first = onset + short / FACTOR
    else:
        assert window.seconds is not None, "a run has one"
        short, long = 0.0, np.inf
        first = window.seconds + (window.begin if window.place == "from" else onset)
    times, kept, inputs = _times(first, found.seconds), [], []
    with console.progress(len(times), "growing windows", "window") as bar:
        for time in times:
            eda = found.eda[: round(time * found.rate)]
            block = [Undecomposed(eda, found.rate, rate, "")]
            parts = decompose_block(block, method_of(how))
            bar.update()
            phasic, tonic, residual = (parts[name] for name in ("phasic", "tonic", "residual"))
            try:
                if not parts["problem"][0]:
                    inputs.append(parts_input(phasic, tonic, residual, rate, *seen))
                    kept.append(time)
            except RtcanError:  # such as one that is too short for the window, or constant in it
                continue
    seconds = np.array(kept)
    left = seconds - onset
    # Lengths in whole samples differ by less than one.
    like = (left > short - 1 / rate) & (left < long + 1 / rate)
    return _Beginnings(seconds, np.stack(inputs), like)


def _times(first: float, whole: float) -> list[float]:
    """Lengths at even distances, backwards from that of the whole recording."""
    step = max(STEP, (whole - first) / N_BEGINNINGS)
    return [whole - k * step for k in range(1 + max(0, int((whole - first) / step)))][::-1]


def _add(
    asked: _Asked,
    found: Found,
    target: str,
    each: Explanation,
    beginnings: _Beginnings,
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
    if abs(stored - probability[-1]) > TOLERANCE:
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
