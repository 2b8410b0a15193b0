"""EDA of trials in BIDS: read once a recording, converted, and cut out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.bids.fields import REPAIRED
from rtcan_cli.datasets.bids.recordings import EdaFile
from rtcan_cli.datasets.bids.trials import Hearing
from rtcan_cli.datasets.conversion import LOOKED_AT, Conversion, check_alike, conversion_of
from rtcan_cli.datasets.polarity import FLIPPED, SignalKind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.table.cuts import Cut, cut
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.datasets.table.row import Row
from rtcan_cli.datasets.table.signals import SignalFile, Track
from rtcan_cli.datasets.times.units import UNIX_FIRST
from rtcan_cli.datasets.trials import Recording
from rtcan_cli.errors import RtcanError


def common_kind(hearings: Sequence[Hearing], options: TableOptions) -> SignalKind | None:
    """What all recordings are stored as: the first that can be read decide for all.

    Returns
    -------
    SignalKind or None
        None if none can be read.
    """
    seen: set[Path] = set()
    kinds: list[SignalKind] = []
    for each in hearings:
        for recording in each.recordings:
            if recording.file.path in seen or len(kinds) == LOOKED_AT:
                continue
            seen.add(recording.file.path)
            try:
                track = SignalFile(recording.file, ".").track(recording.column)
                kinds.append(_conversion(track, recording, options, None).kind)
            except RtcanError:
                continue  # Reading the part will tell.
    if not kinds:
        return None
    flipped = all(kind.polarity == FLIPPED for kind in kinds)
    return kinds[0] if flipped else next(kind for kind in kinds if kind.polarity != FLIPPED)


class Signals:
    """The recordings of one subject: each is read once, and each of its faults is told once.

    Parameters
    ----------
    options : TableOptions
        Unit and polarity, where the user says them.
    kind : SignalKind or None
        What all recordings are stored as, from `common_kind`.
    """

    def __init__(self, options: TableOptions, kind: SignalKind | None) -> None:
        self._options, self._kind = options, kind
        self._tracks: dict[Path, tuple[Track, Conversion, NDArray[Any]] | RtcanError] = {}
        self._told: set[str] = set()

    def read(self, part: Hearing) -> Recording | RtcanError | str:
        """The recording of a trial, or what is wrong; empty text where that was told before."""
        event = part.event
        if not part.recordings:
            return "there is no recording of this run with EDA"
        if len(part.recordings) > 1:
            several = [recording.file.name.name for recording in part.recordings]
            return self._tell(
                RtcanError(
                    f"{part.events} has several recordings with EDA: {', '.join(several)}",
                    "move aside those that are not meant, or use ingest table with a trials.csv",
                )
            )
        (recording,) = part.recordings
        found = self._open(recording)
        if isinstance(found, RtcanError):
            return self._tell(found)
        track, conversion, repaired = found
        if track.time is not None and track.time[0] >= UNIX_FIRST > event.onset:
            return self._tell(
                RtcanError(
                    f"{track.source} begins at {track.time[0]:.12g} s (StartTime), which is a "
                    f"date; the events of {part.events} count from the beginning of the run",
                    "as StartTime the seconds from the beginning of the run to the first sample",
                )
            )
        if math.isnan(event.duration):
            return "the events do not say how long the stimulus was (duration)"
        row = Row(
            event.line,
            part.subject,
            event.stimulus,
            start=event.onset - event.before,
            duration=event.duration + event.before,
        )
        try:
            piece = cut(track, row)
            marks = cut(replace(track, eda=repaired), row) if len(repaired) else None
        except RtcanError as error:
            return self._tell(error)
        if isinstance(piece, str):
            return piece
        n_repaired = int((marks.eda > 0).sum()) if isinstance(marks, Cut) else 0
        notes = (
            (f"the column {REPAIRED} marks {n_repaired} samples that were repaired before",)
            if n_repaired
            else ()
        )
        return Recording(
            event.target,
            conversion(piece.eda),
            piece.sampling_rate,
            track.source.source,
            piece.position,
            # How uneven its times are is not measured: where they matter, a note says so.
            math.nan,
            conversion.kind.unit,
            conversion.kind.polarity,
            (*track.notes, *conversion.notes, *notes),
            span=piece.span,
        )

    def _open(self, recording: EdaFile) -> tuple[Track, Conversion, NDArray[Any]] | RtcanError:
        path = recording.file.path
        if path not in self._tracks:
            try:
                self._tracks[path] = self._read(recording)
            except RtcanError as error:
                self._tracks[path] = error
        return self._tracks[path]

    def _read(self, recording: EdaFile) -> tuple[Track, Conversion, NDArray[Any]]:
        """The whole signal, how it is converted, and its marks of repaired samples, if any."""
        file = SignalFile(recording.file, ".")
        try:
            track = file.track(recording.column)
        except RtcanError as error:  # `column` is of a table of trials, which there is not
            raise RtcanError(str(error), "ingest table, with a trials.csv that names it") from error
        flip = self._kind is not None and self._kind.polarity == FLIPPED
        how = _conversion(track, recording, self._options, flip)
        if self._kind is not None:
            check_alike(track.source, how.kind, self._kind)
        repaired = file.track(REPAIRED).eda if recording.has_repaired else np.zeros(0)
        return replace(track, eda=how.cleaned(track.eda)), how, repaired

    def _tell(self, error: RtcanError) -> RtcanError | str:
        if str(error) in self._told:
            return ""
        self._told.add(str(error))
        return error


def _conversion(
    track: Track, recording: EdaFile, options: TableOptions, flip: bool | None
) -> Conversion:
    """How a recording becomes what is stored; `flip` as of `conversion_of`."""
    if not track.unit and options.unit is None:
        raise RtcanError(
            f"{track.source} does not say the unit of {track.channel or 'its EDA'}",
            "Units in its description (.json), or --unit: uS, kOhm, ..., a.u. if it is not known",
        )
    stated = options.polarity or recording.polarity
    if recording.polarity and stated not in (recording.polarity, "as-is"):
        raise RtcanError(
            f"{track.source} contains skin {recording.polarity}, as its description says, not "
            f"{stated}",
            "leave out --polarity",
        )
    # A short piece of a signal without its offset may happen to be positive throughout.
    no_offset = recording.no_offset and stated != "as-is"
    return conversion_of(
        track.eda,
        track.unit,
        options.unit,
        profile("bids").eda_unit,
        stated,
        True if no_offset else flip,
        track.source,
        track.channel,
    )
