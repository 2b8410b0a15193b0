"""A run and a recording that is still being made -> what the models say of its last seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from rtcan_cli import console
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.names import is_eda
from rtcan_cli.datasets.trials import Recording
from rtcan_cli.errors import PartlyDone, RtcanError, UnusableError
from rtcan_cli.files.growing import GrowingFile
from rtcan_cli.lsl import StreamRecorder
from rtcan_cli.results.base import Note
from rtcan_cli.results.deployment.live import LIVE_COLUMNS, Live
from rtcan_cli.runs.origin import Settings, recorded, sees_within_subject, trained_on
from rtcan_cli.runs.run import Run, about
from rtcan_cli.signals import asked_to_stop
from rtcan_cli.steps.deployment.live_output import answers_to
from rtcan_cli.steps.deployment.new_recording import NewRecording, recording_notes, rules_of, span
from rtcan_cli.steps.deployment.predict import answer_of_model
from rtcan_cli.stores import Workspace
from rtcan_cli.stores.choice import take
from rtcan_cli.training.ensemble import Ensemble
from rtcan_cli.training.trained import TrainedModel

#: Lines that a file has before it is read: less than this may be a header that is not finished.
FIRST_LINES = 10
#: Windows that are in the result; all are in the file that is written.
SHOWN = 20
#: Seconds between two looks whether to stop.
_LOOK = 0.1
#: Seconds without a new sample after which this is said.
_SILENT = 10.0


@dataclass(frozen=True)
class LiveSettings:
    """How much is answered about, how often, until when, and where answers go.

    Parameters
    ----------
    window : float, optional
        Seconds of each answer; by default the median of the recordings the run was trained on.
    every : float
        Seconds between two answers.
    stop_after : float
        Seconds until the end; infinite for none.
    calibrated : bool
        Whether the probabilities are calibrated, where the run can do that.
    output : Path, optional
        A CSV file that must not exist; each answer is a line, written at once.
    stream : str, optional
        Name of a stream of LabStreamingLayer that the probabilities are sent to.
    """

    window: float | None = None
    every: float = 5.0
    stop_after: float = math.inf
    calibrated: bool = True
    output: Path | None = None
    stream: str | None = None


def choose_run(workspace: Workspace, recording: NewRecording) -> Path:
    """The run that is taken of those that can answer while this recording is made.

    Of several, see `rtcan_cli.stores.choice.take`.

    Raises
    ------
    RtcanError
        If there is no finished run.
    """
    runs = [path for path in workspace.runs() if _can_answer(path, recording)]
    return take(runs, " that can answer") if runs else workspace.find_run(None, None)


def _can_answer(path: Path, recording: NewRecording) -> bool:
    try:
        _check(Run.load(path), recording)
    except RtcanError:
        return False
    return True


def _check(run: Run, recording: NewRecording) -> None:
    """Raise RtcanError if a run cannot answer while a recording is made, or not to this one."""
    why = ""
    if run.settings.model.sees(run.settings.fusion) in ("none", "duration"):
        why = "its answers do not depend on what EDA looks like"
    elif sees_within_subject(run):
        why = "it compares features with those of all recordings of the subject"
    if why:
        raise RtcanError(
            f"{run.name} cannot answer while a recording is made: {why}",
            f"another run; all runs: {command_line('info', workspace=run.workspace)}",
        )
    recording.check_files(run)


def follow_file(
    run_path: Path,
    workspace: Workspace,
    recording: NewRecording,
    settings: LiveSettings | None = None,
) -> Live:
    """Answer about the last seconds of a file that another program writes, until interrupted.

    Parameters
    ----------
    run_path : Path
        The run.
    workspace : Workspace
        Where the stores are that it was trained on.
    recording : NewRecording
        The file, and the song for a run that hears music.
    settings : LiveSettings, optional
        The usual ones if left out.

    Raises
    ------
    RtcanError
        If the file cannot be read, does not fit the run, or is replaced; or an output exists. If
        there were answers by then, it is a `PartlyDone` with them.
    """
    following = _Following(run_path, workspace, recording, settings or LiveSettings())
    return following.answer(str(recording.eda))


def follow_stream(
    run_path: Path,
    workspace: Workspace,
    name: str,
    recording: NewRecording,
    settings: LiveSettings | None = None,
) -> Live:
    """Answer about the last seconds of a stream of LabStreamingLayer, and record it.

    Parameters
    ----------
    run_path, workspace, settings
        As of `follow_file`.
    name : str
        Name of the stream.
    recording : NewRecording
        As of `follow_file`; its file is the one to record to, which must not exist.

    Raises
    ------
    RtcanError
        As of `follow_file`, or if there is no such stream.
    """
    following = _Following(run_path, workspace, recording, settings or LiveSettings())
    for path in (following.file, following.settings.output):
        if path is not None and path.exists():  # before one of them is made
            raise RtcanError(f"{path} exists already", "another name")
    stream = StreamRecorder(name, recording.column, is_eda, following.file)
    try:
        # The file that is recorded has one column, and its times say its rate.
        following.recording = replace(recording, column="EDA")
        return following.answer(f"stream {name}", stream)
    finally:
        stream.close()


@dataclass
class _Following:
    """A run that answers, and what it has answered."""

    run_path: Path
    workspace: Workspace
    recording: NewRecording
    settings: LiveSettings
    rows: list[list[dict[str, Any]]] = field(default_factory=list)
    noted: dict[str, tuple[Note, int]] = field(default_factory=dict)
    #: How much there is of the recording [s].
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.run = Run.load(self.run_path)
        self.trained: Settings = trained_on(self.run, self.workspace)
        _check(self.run, self.recording)
        assert self.recording.eda is not None, "a run that depends on it has to be given it"
        self.file: Path = self.recording.eda
        self.before = recorded(self.run, self.workspace)
        self.window = self._window()
        self.models: dict[str, list[TrainedModel]] = {
            target: self.run.models_of_folds(target, self.run.trained_folds(target))
            for target in self.run.settings.targets
        }
        self.music = self.recording.heard(self.run, self.trained)

    def _window(self) -> float:
        before = self.before
        if self.settings.window is not None:
            least = rules_of(self.trained).min_duration
            if self.settings.window < least:
                raise RtcanError(
                    f"a window of {self.settings.window:g} s is too short: the recordings of "
                    f"{self.run.name} had to have at least {least:g} s",
                    f"--window {least:g}, or more",
                )
            return self.settings.window
        if before is None:
            raise RtcanError(
                f"the recordings that {self.run.name} was trained on are not in the workspace, so "
                "it is not known how long they were",
                "--window SECONDS",
            )
        return math.floor(before.median_seconds)

    def answer(self, source: str, stream: StreamRecorder | None = None) -> Live:
        """Answer until the time is over or an interrupt comes; `source` is what messages name.

        Raises
        ------
        PartlyDone
            If that is not possible any more, but was for a while.
        """
        try:
            self._follow(source, stream)
        except RtcanError as error:
            if not self.rows:
                raise
            raise PartlyDone(str(error), error.hint, self._result(source, stream)) from error
        return self._result(source, stream)

    def _follow(self, source: str, stream: StreamRecorder | None) -> None:
        settings, started, changed = self.settings, time.monotonic(), time.monotonic()
        silent = False
        with ExitStack() as stack:
            growing = GrowingFile(self.file, Path(stack.enter_context(TemporaryDirectory())))
            tell = stack.enter_context(answers_to(settings.output, settings.stream, self.run))
            console.say(f"{source}: answers about the last {self.window:g} s; Ctrl-C ends")
            if self._simulated:
                what = "run has learned from" if self.run.simulated else "recording is of"
                console.say(f"note: the {what} simulated data: answers say nothing about people")
            for note in self._notes_on_windows():
                console.say(f"note: {note.text}")
            stop = stack.enter_context(asked_to_stop())
            waiting = stack.enter_context(ExitStack())
            tell_waiting = waiting.enter_context(console.waiting())
            due = started
            while True:
                now = time.monotonic()
                if now < due:
                    time.sleep(min(_LOOK, due - now))
                else:
                    # What took longer than it may is not caught up on.
                    due = max(due + settings.every, now)
                    if stream is not None:
                        stream.pull()
                    if growing.update() and growing.lines >= FIRST_LINES:
                        changed, silent = now, False
                        if rows := self._answers(growing.copy, now, stream):
                            waiting.close()
                            self.rows.append(rows)
                            tell(rows)
                    elif not silent and now - changed > max(_SILENT, settings.every):
                        silent = True
                        console.warn(f"{source}: no new samples for {now - changed:.0f} s")
                    if not self.rows:
                        so_far = f"{math.floor(self.seconds)} s so far"
                        tell_waiting(f"waiting for {self.window:g} s of EDA: {so_far}")
                if stream is not None and stream.lost:
                    console.warn(f"{source}: the stream has ended")
                    break
                if stop() or time.monotonic() - started >= settings.stop_after:
                    break

    def _answers(
        self, copy: Path, arrived: float, stream: StreamRecorder | None
    ) -> list[dict[str, Any]]:
        """A row for each target; none as long as there is less than a window."""
        run, recording = self.run, replace(self.recording, eda=copy)
        try:
            found = recording.read(run, self.trained, self.window)
        except UnusableError:  # there is no sample yet
            return []
        except RtcanError as error:
            named = str(error).replace(str(copy), str(self.file))
            raise RtcanError(named, error.hint) from error
        self.seconds = end = found.begin + len(found.eda) / found.sampling_rate
        if end < self.window - 0.5 / found.sampling_rate:
            return []
        row: dict[str, Any] = {"simulated": self._simulated, "run": run.name, "reason": ""}
        row |= {"begin": _milliseconds(end - self.window), "end": _milliseconds(end)}
        nothing = {"probability": np.nan, "lowest": np.nan, "highest": np.nan, "n_models": 0}
        answers: dict[str, dict[str, Any]] = dict.fromkeys(run.settings.targets, nothing)
        try:
            eda = recording.seen(found, run, self.trained)
            self._take_note(recording, found)
            for target, models in self.models.items():
                trial = recording.trial(eda, self.music)
                said = [
                    answer_of_model(run, each, trial, self.settings.calibrated) for each in models
                ]
                together = Ensemble.of(np.column_stack(said))
                answers[target] = {name: getattr(together, name)[0].item() for name in nothing}
        except UnusableError as error:
            row["reason"] = str(error).removeprefix(f"{copy}: ")
        row["clock"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        row["computing"] = _milliseconds(time.monotonic() - arrived)
        row["age"] = np.nan if stream is None else _milliseconds(stream.age())
        return [
            {name: {**row, **said, "target": target}[name] for name in LIVE_COLUMNS}
            for target, said in answers.items()
        ]

    def _take_note(self, recording: NewRecording, found: Recording) -> None:
        """Keep what `predict` would say of a window, once for each kind.

        Raises
        ------
        UnusableError
            If the window does not measure the skin.
        """
        original = replace(recording, eda=self.file)
        said = recording_notes(original, self.run, self.trained, self.before, found)
        for note in said:
            if note.kind == "below_noise":
                raise UnusableError(note.text)
            first, n = self.noted.get(note.kind, (note, 0))
            self.noted[note.kind] = (first, n + 1)

    def _result(self, source: str, stream: StreamRecorder | None) -> Live:
        run = self.run
        first = [rows[0] for rows in self.rows]
        answered = [row for row in first if not row["reason"]]
        computing = [row["computing"] for row in first]
        shown = [row for rows in self.rows[-SHOWN:] for row in rows]
        files = [] if stream is None else [self.file]
        files += [] if self.settings.output is None else [self.settings.output]
        return Live(
            run=about(run),
            source=source,
            window=self.window,
            every=self.settings.every,
            calibrated=self.settings.calibrated
            and all(np.isfinite(m.temperature) for own in self.models.values() for m in own),
            simulated=self._simulated,
            n_answers=len(answered),
            n_without=len(first) - len(answered),
            answers=pd.DataFrame(shown, columns=list(LIVE_COLUMNS)),
            median_computing=float(np.median(computing)) if computing else None,
            longest_computing=max(computing) if computing else None,
            median_age=(
                None if stream is None or not first else float(np.median([r["age"] for r in first]))
            ),
            notes=tuple(self._notes()),
            files=tuple(files),
        )

    @property
    def _simulated(self) -> bool:
        return self.run.simulated or self.recording.simulated

    def _notes_on_windows(self) -> Iterator[Note]:
        """What is known before the first answer."""
        if self.before is not None:
            least, most = self.before.seconds
            if not least <= self.window <= most:
                text = (
                    f"a window has {self.window:g} s, the recordings that {self.run.name} was "
                    f"trained on {span(least, most)} s"
                )
                yield Note("other_length", text)

    def _notes(self) -> Iterator[Note]:
        yield from self._notes_on_windows()
        run = self.run
        yield Note(
            "whole_trials",
            f"{run.name} has learned from whole recordings that begin with the music, and its "
            "scores are those of such recordings: how good it is on windows that begin anywhere "
            "has not been measured",
        )
        yield Note(
            "own_scale",
            "each window is scaled by its own mean and spread: an answer says nothing of a level "
            "that lasts longer than the window, and is about its whole, not about its end",
        )
        if self.music is not None:
            text = "the music of each answer is the whole song, not what was heard by then"
            yield Note("whole_song", text)
        n_windows = sum(not rows[0]["reason"] for rows in self.rows)
        for note, n in self.noted.values():
            where = "" if n == n_windows else f"{n} of {n_windows} windows, the first of them: "
            yield replace(note, text=where + note.text)
        if not self.rows:
            yield Note(
                "no_window", f"less than {self.window:g} s were recorded: there is no answer"
            )


def _milliseconds(seconds: float) -> float:
    """Seconds to the millisecond: clocks and sampling rates say no more."""
    return round(float(seconds), 3)
