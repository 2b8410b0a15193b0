"""LabStreamingLayer: samples from a stream into a file, and answers into a stream.

The library (Kothe et al., "The lab streaming layer for synchronized multimodal recording", Imaging
Neuroscience 2025) finds streams in the local network by their names, and brings their clocks
together.
"""

from __future__ import annotations

import functools
import os
import re
import time
from collections.abc import Callable, Sequence
from configparser import Error, RawConfigParser
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from rtcan_cli.errors import RtcanError
from rtcan_cli.extras import require

#: Seconds to look for a stream.
WAIT = 10.0
# Seconds of one look for streams.
_LOOK = 1.5
# Units are written into a line of a table.
_UNIT = re.compile(r"[\w µΩ/%^*.()-]{0,30}")
_AT_A_TIME = 4096  # samples a call
# Where the library looks for its configuration, in this order, if no variable names a file.
_CONFIGURATIONS = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")
# Level of its messages: -2 is that of errors, 0 that of information.
_ONLY_FATAL = -3


class StreamRecorder:
    """Writes one channel of a stream to a CSV file, sample by sample.

    Parameters
    ----------
    name : str
        Name of the stream.
    column : str
        Label of the channel, or its number from 1; empty for the only one, or the only one that is
        EDA by its label or type.
    is_eda : callable
        Whether a label or type is that of EDA.
    file : Path
        Where to write: ``time_s`` in seconds from the first sample, and ``EDA``, with the unit if
        the stream states one. It must not exist.
    wait : float
        Seconds to look for the stream.

    Attributes
    ----------
    lost : bool
        Whether the stream has ended, and cannot be found again.

    Raises
    ------
    RtcanError
        If pylsl is not installed, there is no such stream or more than one, or it has no fixed
        rate, no numbers or no such channel; or if the file exists.
    """

    def __init__(
        self,
        name: str,
        column: str,
        is_eda: Callable[[str], bool],
        file: Path,
        wait: float = WAIT,
    ) -> None:
        pylsl = _library()
        self._clock = pylsl.local_clock
        info = _find(name, wait)
        if info.nominal_srate() == 0:
            raise RtcanError(f"the stream '{name}' has no fixed sampling rate")
        if info.channel_format() == pylsl.cf_string:
            raise RtcanError(f"the stream '{name}' holds text, not samples")
        flags = pylsl.proc_clocksync | pylsl.proc_dejitter | pylsl.proc_monotonize
        self._inlet = pylsl.StreamInlet(info, processing_flags=flags)
        whole = self._inlet.info(timeout=wait)  # with what describes its channels
        self._channel = _channel(whole, column, is_eda)
        unit = _described(whole)[self._channel]["unit"]
        if not _UNIT.fullmatch(unit):
            raise RtcanError(f"the stream '{name}' states a unit that cannot be: {_plain(unit)}")
        self.lost = False
        self._first: float | None = None
        self._last = float("nan")
        try:
            self._file = file.open("x", encoding="utf-8", newline="\n")
        except FileExistsError:
            raise RtcanError(f"{file} exists already", "another name after --record") from None
        self._file.write(f"time_s,EDA{f' [{unit}]' if unit else ''}\n")
        self._file.flush()

    def pull(self) -> int:
        """Write the samples that have come since; how many. Sets `lost` if none will come again."""
        import pylsl

        n = 0
        while True:
            try:
                samples, times = self._inlet.pull_chunk(timeout=0.0, max_samples=_AT_A_TIME)
            except pylsl.LostError:
                self.lost = True
                break
            if not times:
                break
            if self._first is None:
                self._first = times[0]
            self._last = times[-1]
            values = np.asarray(samples, dtype=float)[:, self._channel]
            self._file.writelines(
                f"{time - self._first:.6f},{'' if np.isnan(value) else f'{value:.9g}'}\n"
                for time, value in zip(times, values, strict=True)
            )
            n += len(times)
        self._file.flush()
        return n

    def age(self) -> float:
        """Seconds since the newest sample was taken; NaN before the first."""
        return float(self._clock()) - self._last

    def close(self) -> None:
        """Leave the stream, and close the file."""
        self._inlet.close_stream()
        self._file.close()


class AnswerStream:
    """A stream of probabilities for other programs.

    Parameters
    ----------
    name : str
        Name of the stream; its type is ``Probabilities``.
    targets : sequence of str
        Labels of its channels.
    source : str
        What tells it from other streams: the name of the run.
    """

    def __init__(self, name: str, targets: Sequence[str], source: str) -> None:
        pylsl = _library()
        info = pylsl.StreamInfo(
            name, "Probabilities", len(targets), pylsl.IRREGULAR_RATE, pylsl.cf_float32, source
        )
        channels = info.desc().append_child("channels")
        for target in targets:
            channel = channels.append_child("channel")
            channel.append_child_value("label", f"P(high {target})")
        self._outlet = pylsl.StreamOutlet(info)

    def send(self, probabilities: Sequence[float]) -> None:
        """Send one answer; NaN where there is none."""
        self._outlet.push_sample([float(each) for each in probabilities])


@functools.cache
def _library() -> Any:
    """The module pylsl, with messages of the library itself off unless the user wants them.

    What they say of a stream that is lost, rtcan says as well.

    Raises
    ------
    RtcanError
        If pylsl is not installed, or the user's configuration of it cannot be read.
    """
    require("a stream of LabStreamingLayer", "pylsl")
    import pylsl

    # Libraries before 1.17.7 cannot be told; they are what a user has in place of pylsl's own.
    with suppress(AttributeError, NotImplementedError):
        pylsl.set_config_content(_configuration())
    return pylsl


def _configuration() -> str:
    """What the library would read by itself, with a level of messages if none is set."""
    named = os.environ.get("LSLAPICFG")
    places = [Path(named)] if named else [Path(place).expanduser() for place in _CONFIGURATIONS]
    own = ""
    if place := next((place for place in places if place.is_file()), None):
        try:
            own = place.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise RtcanError(f"{place}: cannot be read: {why}") from error
    elif named:
        raise RtcanError(f"{named}, which LSLAPICFG names, is not a file")
    known = RawConfigParser(strict=False, delimiters="=", comment_prefixes=";")
    try:
        known.read_string(own)
    except Error:
        return own  # the library says what is wrong with it
    if known.has_section("log"):
        return own
    return f"{own}\n[log]\nlevel = {_ONLY_FATAL}\n"


def _find(name: str, wait: float) -> Any:
    import pylsl

    # Names are compared here: a name in a query of the library could be a query itself. One look
    # lasts long enough for all that have the name to answer.
    until = time.monotonic() + wait
    found: list[Any] = []
    every: list[Any] = []
    while not found and time.monotonic() < until:
        every = pylsl.resolve_streams(wait_time=_LOOK)
        found = [each for each in every if each.name() == name]
    if not found:
        others = sorted({_plain(each.name()) for each in every})
        known = f"streams that are there: {', '.join(others)}" if others else "no stream was found"
        raise RtcanError(
            f"no stream called '{name}' was found in {wait:g} s",
            f"{known}; start the program that sends it, in the same network",
        )
    if len(found) > 1:
        hosts = ", ".join(sorted(_plain(each.hostname()) for each in found))
        raise RtcanError(
            f"{len(found)} streams are called '{name}', on {hosts}", "stop all but one of them"
        )
    return found[0]


def _plain(text: str) -> str:
    """A text of others on one line, not too long."""
    return "".join(c if c.isprintable() else " " for c in text)[:80]


def _described(info: Any) -> list[dict[str, str]]:
    """What a stream says of each channel: ``label``, ``unit`` and ``type``, as far as it does."""
    found: list[dict[str, str]] = []
    channel = info.desc().child("channels").child("channel")
    for _ in range(info.channel_count()):
        found.append({key: channel.child_value(key).strip() for key in ("label", "unit", "type")})
        channel = channel.next_sibling("channel")
    return found


def _channel(info: Any, column: str, is_eda: Callable[[str], bool]) -> int:
    channels = _described(info)
    labels = [each["label"] for each in channels]
    if column in labels:
        return labels.index(column)
    if column.isdecimal() and 1 <= int(column) <= len(channels):
        return int(column) - 1
    if not column:
        if len(channels) == 1:
            return 0
        eda = [
            place
            for place, each in enumerate(channels)
            if is_eda(each["label"]) or is_eda(each["type"])
        ]
        if len(eda) == 1:
            return eda[0]
    known = ", ".join(f"{place} {_plain(label)}".strip() for place, label in enumerate(labels, 1))
    what = f"has no channel '{column}'" if column else f"has {len(channels)} channels"
    raise RtcanError(f"the stream '{info.name()}' {what}", f"--column with one of: {known}")
