"""One EDA file, and an audio file -> the trial that a run's models answer to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from rtcan_cli import choices
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.absolute import is_absolute, rises
from rtcan_cli.datasets.polarity import SignalKind, signal_kind
from rtcan_cli.datasets.single import is_simulated
from rtcan_cli.datasets.trials import Recording
from rtcan_cli.datasets.units import RELATIVE
from rtcan_cli.eda.blocks import Undecomposed, decompose_block
from rtcan_cli.eda.features import eda_features
from rtcan_cli.eda.features.catalogue import CATALOGUE
from rtcan_cli.eda.methods import cvxeda_method, method_of
from rtcan_cli.eda.quality.inspection import Inspected, inspect
from rtcan_cli.eda.quality.rules import DETECTABLE, Rules
from rtcan_cli.eda.quality.verdict import implausible_words
from rtcan_cli.eda.resample import resample
from rtcan_cli.eda.window import Window
from rtcan_cli.errors import RtcanError, UnusableError
from rtcan_cli.music import extract
from rtcan_cli.results.base import Note
from rtcan_cli.runs.eda_fit import fit_notes, kind_of_file, read_new, trained_kind
from rtcan_cli.runs.inputs import length_input, parts_input
from rtcan_cli.runs.music_fit import trained_set
from rtcan_cli.runs.origin import Recorded, Settings, sees_within_subject
from rtcan_cli.runs.run import Run
from rtcan_cli.training.data import Trials

#: What a trial is called that nobody has given a name.
UNNAMED = "new"
#: A recording is unlike others if it is that many times longer, or shorter, than any.
_UNLIKE = 2.0
#: EDA of which nothing is known.
_UNKNOWN = signal_kind(RELATIVE)


@dataclass(frozen=True)
class NewRecording:
    """What a user names on the command line.

    Parameters
    ----------
    eda : Path, optional
        The recording; a model that sees no EDA needs none.
    sampling_rate, column, decimal, start, duration
        As of `rtcan_cli.datasets.single.read_single`.
    unit : str, optional
        Unit of the EDA, which tells conductance from resistance; by default that of the run's
        recordings, as long as these are not resistance.
    audio : Path, optional
        The song; a model without music needs none.
    subject, stimulus : str
        Who listened to what, as far as the run may know them.
    repetition : int
        Which time it was that this subject met this stimulus.
    """

    eda: Path | None
    sampling_rate: float = math.nan
    column: str = ""
    decimal: str = "."
    start: float | str = math.nan
    duration: float = math.nan
    audio: Path | None = None
    subject: str = UNNAMED
    stimulus: str = UNNAMED
    unit: str | None = None
    repetition: int = 1

    @property
    def simulated(self) -> bool:
        """Whether rtcan's simulator wrote one of the files."""
        return any(is_simulated(path) for path in (self.eda, self.audio) if path is not None)

    def trials(self, run: Run, trained: Settings) -> Trials:
        """The one trial, treated as the run's own were.

        Parameters
        ----------
        run : Run
            The run that shall answer.
        trained : dict
            Settings of the stores it was trained on, see `rtcan_cli.runs.origin`; what is
            missing is as by default.

        Raises
        ------
        RtcanError
            If a file is missing, or cannot be used.
        """
        self.check_files(run)
        eda = np.empty(0, np.float32)
        if self.eda is not None:
            try:
                eda = self.seen(self.read(run, trained), run, trained)
            except RtcanError as error:
                told = str(self.eda) in str(error)
                # The hint of a pure function names options of other commands.
                raise error if told else RtcanError(f"{self.eda}: {error}") from None
        return self.trial(eda, self.heard(run, trained))

    def check_files(self, run: Run) -> None:
        """Raise RtcanError if a run sees or hears something else than what there is."""
        needs_eda = run.settings.model.sees(run.settings.fusion) != "none"
        if needs_eda and self.eda is None:
            raise RtcanError(f"{run.name} sees EDA: {run.network}", "--eda FILE")
        if not needs_eda and self.eda is not None:
            raise RtcanError(
                f"{run.name} sees no EDA: {run.network}",
                f"a run that does; all runs: {command_line('info', workspace=run.workspace)}",
            )
        if run.settings.fusion != "none" and self.audio is None:
            raise RtcanError(f"{run.name} also hears music: {run.network}", "--audio FILE")

    def seen(self, found: Recording, run: Run, trained: Settings) -> NDArray[np.float32]:
        """What the models see of a recording: channels (3, length), or features (F,).

        Raises
        ------
        RtcanError
            If it is not of the run's kind, or cannot be used.
        """
        sees = run.settings.model.sees(run.settings.fusion)
        if sees == "duration":  # to its length, polarity is the same
            kind = SignalKind(found.unit or _UNKNOWN.unit, found.polarity)
        else:
            kind = kind_of_file(run, trained_kind(run, trained), found, self.eda)
        inspected, _ = judged(found, kind, run, trained)
        if inspected.fault:
            raise UnusableError(f"{self.eda}: {inspected.fault}")
        if sees == "duration":
            return length_input(len(found.eda) / found.sampling_rate)
        return self._eda(inspected, found.sampling_rate, run, trained)

    def heard(self, run: Run, trained: Settings) -> NDArray[np.float32] | None:
        """Music features (F,) of the song as the run's were made; None for a run without music."""
        if run.settings.fusion == "none" or self.audio is None:
            return None
        mixdown = music_mixdown(trained.get("music", {}))
        return extract(self.audio, mixdown, feature_set=feature_set(run, trained))

    def trial(self, eda: NDArray[np.float32], music: NDArray[np.float32] | None) -> Trials:
        """What is seen and heard as the one trial that models answer to."""
        return Trials(
            eda=eda[None],
            subject=np.array([self.subject]),
            stimulus=np.array([self.stimulus]),
            music=None if music is None else music[None],
            song=None if music is None else np.zeros(1, np.int64),
            repetition=np.array([self.repetition]),
        )

    def read(self, run: Run, trained: Settings, last: float = math.nan) -> Recording:
        """The recording, in the unit of those that the run was trained on where that can be.

        Only its last seconds if a number is given.
        """
        assert self.eda is not None, "only asked where there is EDA"
        part = (self.sampling_rate, self.column, self.decimal, self.start, self.duration)
        try:
            kind = trained_kind(run, trained)
        except RtcanError:
            if run.settings.model.sees(run.settings.fusion) != "duration":
                raise
            kind = _UNKNOWN
        return read_new(kind, self.eda, *part, self.unit, last)

    def _eda(
        self, inspected: Inspected, sampling_rate: float, run: Run, trained: Settings
    ) -> NDArray[np.float32]:
        path = self.eda
        how = trained.get("components", {})
        rate = min(sampling_rate, how.get("rate", np.inf))
        method = method_of(how) if how else cvxeda_method()
        item = Undecomposed(inspected.eda, sampling_rate, rate, "")
        parts = decompose_block([item], method)
        if parts["problem"][0]:
            raise UnusableError(f"{path}: {parts['problem'][0]}")
        settings = run.settings
        if settings.model.sees(settings.fusion) == "signals":
            phasic, tonic, residual = (parts[name] for name in ("phasic", "tonic", "residual"))
            seen = settings.onset, settings.spec.length, settings.window
            return parts_input(phasic, tonic, residual, rate, *seen)
        described = trained.get("features", {})
        if sees_within_subject(run):
            raise RtcanError(
                f"{path}: {run.name} sees features relative to those of all recordings of the "
                "subject, and this is one recording",
                "ingest the recordings of the subject as a dataset; "
                + command_line("predict", run.name, dataset="table", workspace=run.workspace),
            )
        window = described.get("window")
        values = eda_features(
            resample(inspected.eda, sampling_rate, rate),
            parts["phasic"],
            parts["tonic"],
            parts["driver"],
            sampling_rate=rate,
            onset=described.get("onset", run.dataset.onset),
            window=None if window is None else Window.parse(window),
        )
        by_name = dict(zip((each.name for each in CATALOGUE), values, strict=True))
        wanted = settings.model.features or tuple(by_name)
        return np.array([by_name[name] for name in wanted], np.float32)


def rules_of(trained: Settings) -> Rules:
    """What the recordings that a run was trained on had to be like; the usual rules if unknown.

    Where implausible samples were not looked at then, they are now: a model cannot need them.
    """
    made = trained.get("recordings", {})
    return Rules.of({"keep_artefacts": False, **made})


def judged(
    found: Recording, kind: SignalKind, run: Run, trained: Settings
) -> tuple[Inspected, Rules]:
    """The recording after repair, and the rules that it was judged by: those of the run's own.

    A run may have been trained on recordings of a version that did not look for artefacts. What
    it could be trained on is not refused for them.
    """
    about = {"absolute": is_absolute(kind, run.dataset), "rises": rises(kind)}
    eda, rules = kind.sign * found.eda, rules_of(trained)
    inspected = inspect(eda, found.sampling_rate, found.jitter, rules, **about)
    if inspected.fault and _without_artefacts(trained):
        before = Rules.of(trained["recordings"])
        as_then = inspect(eda, found.sampling_rate, found.jitter, before, **about)
        if not as_then.fault:
            return as_then, before
    return inspected, rules


def _without_artefacts(trained: Settings) -> bool:
    """Whether a run's recordings come from a version that did not look for artefacts."""
    return "recordings" in trained and "keep_artefacts" not in trained["recordings"]


def quality_notes(
    name: str, found: Recording, kind: SignalKind, run: Run, trained: Settings
) -> list[Note]:
    """What of the recording was not used as it is, and whether it shows the skin at all."""
    (inspected, rules), notes = judged(found, kind, run, trained), []
    quality = inspected.quality
    earlier = (
        f"{run.name} was trained on recordings of a version of rtcan that did not look for samples "
        "that cannot come from skin"
    )
    if quality.implausible:
        words = implausible_words(quality, rules)
        text = f"samples of {name} cannot come from skin and were interpolated: {words}"
        text += f"; {earlier}" if _without_artefacts(trained) else ""
        notes.append(Note("implausible_samples", text))
    if rules.keep_artefacts and _without_artefacts(trained):
        text = f"{earlier}, and {name} was used as it is, like them; today it would be left out"
        notes.append(Note("artefacts_kept", text))
    if quality.signal_to_noise < DETECTABLE:
        text = (
            f"{name} varies by {quality.signal_to_noise:.2g} times the noise or the resolution of "
            f"its sensor (less than {DETECTABLE:g}): it is not a measurement of the skin, and the "
            "answer says nothing"
        )
        notes.append(Note("below_noise", text))
    return notes


def _unlike(recording: NewRecording, found: Recording, run: Run, before: Recorded) -> list[Note]:
    """How a recording differs from those that a run was trained on."""
    notes: list[Note] = []
    if recording.eda is None:
        return notes
    seconds = len(found.eda) / found.sampling_rate
    for what, unit, own, (least, most) in (
        ("is sampled at", "Hz", found.sampling_rate, before.rates),
        ("lasts", "s", seconds, before.seconds),
    ):
        if not least / _UNLIKE <= own <= most * _UNLIKE:
            text = (
                f"{recording.eda.name} {what} {own:.4g} {unit}, the recordings that {run.name} was "
                f"trained on {span(least, most)} {unit}: is that right (--sampling-rate, "
                "--duration)?"
            )
            notes.append(Note("unlike_training", text))
    if before.by_target and len(run.settings.targets) > 1:
        text = (
            f"subjects of {run.dataset.title} listened once while they rated valence and once "
            "while they rated arousal: only the answer about what was rated during this recording "
            "is one of the kind that was tested"
        )
        notes.append(Note("one_target_rated", text))
    return notes


def span(least: float, most: float) -> str:
    """From the least to the most, in words."""
    return f"{least:.4g}" if least == most else f"{least:.4g} to {most:.4g}"


def feature_set(run: Run, trained: Settings) -> choices.FeatureSet:
    """The set of openSMILE that a run's songs were described by; the paper's if that is not known.

    Raises
    ------
    RtcanError
        If they were described by a model that rtcan does not have.
    """
    found = trained_set(run, trained) or choices.FEATURE_SET
    if found not in get_args(choices.FeatureSet):
        raise RtcanError(
            f"{run.name} was trained on vectors of {found}, which rtcan cannot compute from audio",
            "a dataset of your own: ingest table, then music-features --import with --model, then "
            "predict --dataset table",
        )
    return cast("choices.FeatureSet", found)


def music_mixdown(music: Mapping[str, Any]) -> bool:
    """Whether to average the channels of a song, given how the run's songs were described.

    Published features come from openSMILE's own command, which averages them.
    """
    return bool(music.get("mixdown", "imported" in music))


def recording_notes(
    recording: NewRecording,
    run: Run,
    trained: Settings,
    before: Recorded | None,
    found: Recording | None = None,
) -> list[Note]:
    """What is not, or not sure to be, as in training; `found` is the recording if it was read."""
    notes: list[Note] = []
    sees = run.settings.model.sees(run.settings.fusion)
    if recording.eda is not None:
        found = found or recording.read(run, trained)
        notes += [] if before is None else _unlike(recording, found, run, before)
        notes += [Note("signal_files", f"{recording.eda.name}: {text}") for text in found.notes]
    if (
        recording.eda is not None and found is not None and sees != "duration"
    ):  # to its length, polarity is the same
        kind = trained_kind(run, trained)
        new = kind_of_file(run, kind, found, recording.eda)
        notes += fit_notes(kind, new, recording.eda.name)
        notes += quality_notes(recording.eda.name, found, new, run, trained)
    if recording.audio is not None and run.settings.fusion == "none":
        text = f"{run.name} hears no music: {recording.audio.name} was not used"
        notes.append(Note("audio_not_used", text))
    kinds = {
        "signals": ["components", "recordings"],
        "features": ["components", "features", "recordings"],
        "duration": ["recordings"],
    }
    absent = [kind for kind in kinds.get(sees, []) if kind not in trained]
    if absent:
        text = (
            f"the {' and '.join(absent)} that {run.name} was trained on are not in the workspace "
            "any more: the default settings were used, which may be others"
        )
        notes.append(Note("stores_missing", text))
    if recording.audio is not None and run.settings.fusion != "none":
        notes += _music_notes(recording.audio, run, trained.get("music", {}))
    return notes


def _music_notes(audio: Path, run: Run, music: Mapping[str, Any]) -> list[Note]:
    if "imported" in music:
        own = feature_set(run, {"music": dict(music)})
        text = (
            f"{run.name} was trained on music features from {music['imported']}; those of "
            f"{audio.name} were computed here (openSMILE {own}, channels averaged), which may not "
            "be quite the same"
        )
        return [Note("music_imported", text)]
    if not music:
        text = (
            f"the music features that {run.name} was trained on are not in the workspace any "
            "more: only the first channel of the song was used, which may not be how they were "
            "made"
        )
        return [Note("stores_missing", text)]
    return []
