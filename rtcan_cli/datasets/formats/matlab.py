"""Recordings in MATLAB files of version 5 to 7.3.

There is no standard for what the variables are called. Understood are the exports of Ledalab (a
struct ``data`` with ``conductance``, ``time`` and ``event``), AcqKnowledge (``data``, ``labels``,
``units``, ``isi``) and LabChart (``data``, ``datastart``, ``dataend``, ``titles``, ``samplerate``),
and otherwise vectors and matrices by their names, with a variable such as ``fs`` as sampling rate
and one such as ``time`` as clock. They may be the fields of a struct that is called ``data`` or is
the only one.

Version 7.3 is HDF5, see `rtcan_cli.datasets.formats.matlab_hdf5`.

Sources: ledalab.de/documentation.htm; AcqKnowledge Software Guide, "Save As MATLAB"; LabChart help,
"Exporting as MATLAB".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.datasets.files.matlab import Variable, load_variables
from rtcan_cli.datasets.files.raw import RawFile
from rtcan_cli.datasets.formats.contents import Channel, Contents, Marker
from rtcan_cli.datasets.formats.reading import DamagedError, is_clock, reading
from rtcan_cli.datasets.names import is_time_name
from rtcan_cli.datasets.times.clocks import read_clock
from rtcan_cli.datasets.times.units import time_unit
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.kinds import HEAD, MATLAB_5, MATLAB_73, kind_of

SUFFIXES = (".mat",)

_LARGEST = 500_000_000
_RATES = ("fs", "srate", "sr", "samplerate", "samplingrate", "samplingfrequency", "samplefrequency")
_TIMES = ("time", "t", "times", "timestamp", "timestamps", "seconds")
_ISI_UNITS = {"ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0, "us": 1e-6}

_Variables = dict[str, Variable]


def read(file: RawFile, sampling_rate: float = math.nan) -> Contents:
    """Read vectors and matrices, as whichever program has named them.

    Parameters
    ----------
    file : RawFile
        The file.
    sampling_rate : float
        In Hz, as it is stated elsewhere; NaN where it is not.

    Raises
    ------
    RtcanError
        If it is damaged, of version 4, holds no numbers, or its variables contradict each
        other.
    """
    with file.open() as stream:
        is_hdf5 = kind_of(stream.read(HEAD)) is MATLAB_73
    variables = {} if is_hdf5 else load_variables(file, None, _LARGEST)
    with reading(file, "a MATLAB file", MATLAB_5.name, MATLAB_73.name):
        if is_hdf5:
            # Imported when it is needed, since it takes long.
            from rtcan_cli.datasets.formats import matlab_hdf5

            variables = matlab_hdf5.load_variables(file, _LARGEST)
        structs = {name: each for name, each in variables.items() if len(each.structs) == 1}
        chosen = structs.get("data") or (
            next(iter(structs.values())) if len(structs) == 1 else None
        )
        if chosen is not None:
            variables = variables | chosen.structs[0]
        if "conductance" in variables:
            contents = _ledalab(variables)
        elif {"data", "datastart", "dataend", "samplerate"} <= variables.keys():
            contents = _labchart(variables)
        elif {"data", "isi", "labels"} <= variables.keys():
            contents = _acqknowledge(variables)
        else:
            contents = _named(variables, sampling_rate, file)
        if contents.channels:
            return contents
    found = ", ".join(
        f"{name} ({each.kind})" if name else each.kind for name, each in list(variables.items())[:8]
    )
    raise RtcanError(
        f"{file} holds no recording: its variables are {found or 'none'}",
        hint="save the values as a vector, and the sampling rate as fs: save('FILE.mat', 'eda', "
        "'fs', '-v7')",
    )


def _ledalab(variables: _Variables) -> Contents:
    values = _vector(variables, "conductance")
    time = _vector(variables, "time") if "time" in variables else None
    if time is not None:
        _check_clock("time", time, len(values))
    events = variables.get("event")
    markers = []
    for event in events.structs if events is not None else ():
        if "time" in event and event["time"].numbers.size:
            label = next(
                (text for key in ("name", "nid") if (text := _label(event.get(key)))), "event"
            )
            markers.append(Marker(float(event["time"].numbers.flat[0]), label))
    markers.sort(key=lambda marker: marker.time)
    rate = math.nan if time is not None else _rate(variables)
    # Ledalab takes all values for microsiemens, and some have counts of a converter there.
    channel = Channel("conductance", "", values, rate, time=time)
    return Contents("Ledalab file", (channel,), tuple(markers))


def _labchart(variables: _Variables) -> Contents:
    starts, ends, rates = (
        variables[name].numbers for name in ("datastart", "dataend", "samplerate")
    )
    if starts.shape != ends.shape or starts.shape != rates.shape:
        raise DamagedError("its variables datastart, dataend and samplerate differ in shape")
    if starts.shape[1] != 1:
        raise DamagedError(
            f"it holds {starts.shape[1]} blocks of LabChart; export each to a file of its own"
        )
    data = _vector(variables, "data")
    titles, units = _rows(variables, "titles"), _rows(variables, "unittext")
    which = variables["unittextmap"].numbers if "unittextmap" in variables else np.empty(0)
    channels = []
    for index, (first, last, rate) in enumerate(
        zip(starts[:, 0].tolist(), ends[:, 0].tolist(), rates[:, 0].tolist(), strict=True)
    ):
        if first < 1:  # a channel without data
            continue
        if not (first <= last <= len(data) and float(first).is_integer() and rate > 0):
            raise DamagedError(f"channel {index + 1} does not lie in its data")
        unit = int(which[index, 0]) if index < len(which) else 0
        channels.append(
            Channel(
                titles[index] if index < len(titles) else "",
                units[unit - 1] if 0 < unit <= len(units) else "",
                data[int(first) - 1 : int(last)],
                float(rate),
            )
        )
    return Contents("LabChart export", tuple(channels))


def _acqknowledge(variables: _Variables) -> Contents:
    data = _matrix(variables["data"])
    labels, units = _rows(variables, "labels"), _rows(variables, "units")
    every = float(_vector(variables, "isi")[0])
    unit = " ".join(_rows(variables, "isi_units")) or "ms"
    if unit not in _ISI_UNITS or not every > 0 or len(labels) != data.shape[1]:
        raise DamagedError(
            f"it has {data.shape[1]} channels, {len(labels)} labels, and samples {every:g} "
            f"{unit[:20]} apart"
        )
    rate = 1 / (every * _ISI_UNITS[unit])
    return Contents(
        "AcqKnowledge export",
        tuple(
            Channel(label, units[index] if index < len(units) else "", data[:, index], rate)
            for index, label in enumerate(labels)
        ),
    )


def _named(variables: _Variables, stated: float, file: RawFile) -> Contents:
    """Vectors and matrices by their names."""
    plain = {name.casefold().replace("_", ""): name for name in variables}
    rate = _rate(variables)
    arrays = {
        name: _matrix(each)
        for name, each in variables.items()
        if each.kind == "numbers" and each.numbers.size > 1 and len(each.shape) == 2
    }
    clock = next((plain[name] for name in _TIMES if plain.get(name) in arrays), None) or next(
        (
            name
            for name, values in arrays.items()
            if values.shape[1] == 1 and is_time_name(name) and time_unit(name) is None
        ),
        None,
    )
    time, zone_unknown = None, False
    if clock is not None and len(arrays) > 1:
        time = arrays.pop(clock).astype(np.float64)
        if time.shape[1] != 1:
            raise DamagedError(f"its variable {clock} has {time.shape[1]} columns")
        time = time[:, 0]
        _check_clock(clock, time, None)
        found = read_clock(clock, time, rate if math.isnan(stated) else stated, file)
        time, zone_unknown = (time, False) if found is None else (found.time, found.zone_unknown)
    units = _rows(variables, plain.get("units", plain.get("unit", "")))
    channels = []
    notes = []
    for name, values in arrays.items():
        width = values.shape[1]
        fits = time is None or len(time) == len(values)
        if not fits:
            notes.append(
                f"the variable {name} is left out: it has {len(values)} samples, and "
                f"{clock} has {len(time if time is not None else ())}"
            )
            continue
        for index in range(width):
            unit = units[index] if len(units) == width else units[0] if len(units) == 1 else ""
            channels.append(
                Channel(
                    f"{name} {index + 1}" if width > 1 else name,
                    unit,
                    values[:, index],
                    rate,
                    time=time,
                    zone_unknown=zone_unknown,
                )
            )
    return Contents("MATLAB file", tuple(channels), (), tuple(notes))


def _rate(variables: _Variables) -> float:
    """The sampling rate in Hz; NaN where no variable tells."""
    for name, each in variables.items():
        if name.casefold().replace("_", "") in _RATES and each.numbers.size == 1:
            rate = float(each.numbers.flat[0])
            if not (rate > 0 and math.isfinite(rate)):
                raise DamagedError(f"its variable {name} is {rate:g}, not a sampling rate")
            return rate
    return math.nan


def _check_clock(name: str, time: NDArray[Any], n_samples: int | None) -> None:
    if n_samples is not None and len(time) != n_samples:
        raise DamagedError(f"its variable {name} has {len(time)} values for {n_samples} samples")
    if not is_clock(time):
        raise DamagedError(f"the times in its variable {name} do not increase")


def _matrix(variable: Variable) -> NDArray[Any]:
    """Samples x columns: the longer axis is that of samples."""
    values = variable.numbers
    if variable.kind != "numbers" or values.ndim != 2:
        raise DamagedError(f"a variable that should be a matrix is {variable.kind}")
    return values.T if values.shape[1] > values.shape[0] else values


def _vector(variables: _Variables, name: str) -> NDArray[np.float64]:
    values = variables[name].numbers
    if values.size == 0 or values.size != max(values.shape):
        raise DamagedError(f"its variable {name} is not a vector")
    return values.ravel().astype(np.float64)


def _rows(variables: _Variables, name: str) -> list[str]:
    """The rows of a text, or the texts of cells."""
    variable = variables.get(name)
    if variable is None:
        return []
    texts = variable.rows or tuple(" ".join(cell.rows) for cell in variable.cells)
    return [text.strip("\0 ") for text in texts]


def _label(variable: Variable | None) -> str:
    if variable is None:
        return ""
    if variable.numbers.size:
        return f"{float(variable.numbers.flat[0]):g}"
    return " ".join(variable.rows).strip("\0 ")
