"""Small recordings in all binary formats, made by each library's writer or from the specification.

Each holds skin conductance named EDA in uS, at 8 Hz for 10 s, and something beside it.
"""

from __future__ import annotations

import ctypes
import datetime
import gzip
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8.0
EDA: NDArray[np.float64] = 2 + np.sin(np.arange(80) / 20)
START = datetime.datetime(2024, 3, 1, 10, 15, 2, 500_000)
UNIX = 1709288102.5

XDF_BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")


def write_edf(path: Path, kind: str = "EDF") -> Path:
    """EDF+ or BDF+ with a second signal at another rate, two annotations and a part of a second."""
    import edfio

    signal = edfio.EdfSignal if kind == "EDF" else edfio.BdfSignal
    signals = [
        signal(EDA, RATE, label="EDA", physical_dimension="uS", physical_range=(0, 5)),
        signal(np.arange(20.0), 2.0, label="Temp", physical_dimension="degC"),
    ]
    (edfio.Edf if kind == "EDF" else edfio.Bdf)(
        signals,
        recording=edfio.Recording(startdate=START.date()),
        starttime=START.time(),
        annotations=[edfio.EdfAnnotation(2.5, None, "song"), edfio.EdfAnnotation(7, 1, "end")],
    ).write(path)
    return path


def xdf_chunk(tag: int, content: bytes) -> bytes:
    length = 2 + len(content)
    return b"\x04" + struct.pack("<IH", length, tag) + content


def xdf_header(stream: int, name: str, kind: str, rate: float, fmt: str, desc: str = "") -> bytes:
    text = (
        f"<info><name>{name}</name><type>{kind}</type><channel_count>1</channel_count>"
        f"<nominal_srate>{rate}</nominal_srate><channel_format>{fmt}</channel_format>{desc}</info>"
    )
    return xdf_chunk(2, struct.pack("<I", stream) + text.encode())


def xdf_samples(stream: int, times: list[float], values: list[bytes]) -> bytes:
    rows = [b"\x08" + struct.pack("<d", at) + row for at, row in zip(times, values, strict=True)]
    count = b"\x04" + struct.pack("<I", len(rows))
    return xdf_chunk(3, struct.pack("<I", stream) + count + b"".join(rows))


def xdf_offset(stream: int, at: float, value: float) -> bytes:
    return xdf_chunk(4, struct.pack("<Idd", stream, at, value))


def xdf_file(times: NDArray[np.float64], values: NDArray[np.float64], offset: float = 0.0) -> bytes:
    """A stream of EDA and one of text markers, whose clock is `offset` seconds behind."""
    desc = (
        "<desc><channels><channel><label>EDA</label><unit>microsiemens</unit></channel></channels>"
        "</desc>"
    )
    content = b"XDF:" + xdf_chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
    content += xdf_header(1, "Shimmer", "GSR", RATE, "float32", desc)
    content += xdf_header(2, "Psychopy", "Markers", 0, "string")
    for stream, value in ((1, 0.0), (2, offset)):
        content += xdf_offset(stream, 100.0 - value, value)
    for at in range(0, len(times), 20):
        part = slice(at, at + 20)
        rows = [struct.pack("<f", each) for each in values[part]]
        content += xdf_samples(1, times[part].tolist(), rows)
        content += xdf_chunk(5, XDF_BOUNDARY)
    content += xdf_samples(2, [102.5 - offset], [b"\x01\x04song"])
    for stream in (1, 2):
        content += xdf_chunk(6, struct.pack("<I", stream) + b"<info></info>")
    return content


def write_xdf(path: Path) -> Path:
    path.write_bytes(xdf_file(100 + np.arange(80) / RATE, EDA))
    return path


def acq_header(kind: str, **fields: object) -> bytes:
    """A header of AcqKnowledge 3.7, laid out as bioread knows it."""
    from bioread import headers

    struct_of = getattr(headers, kind).for_revision(38, "<", "latin1")._struct_class
    made = struct_of()
    for name, value in fields.items():
        setattr(made, name, value)
    return bytes(made)


def acq_file(marker: int = 20) -> bytes:
    """EDA as integers with scale and offset, and a slower channel of floating-point numbers."""
    graph = acq_header("GraphHeader", lVersion=38, nChannels=2, dSampleTime=1000 / RATE)
    graph = acq_header(
        "GraphHeader", lVersion=38, lExtItemHeaderLen=len(graph), nChannels=2, dSampleTime=125.0
    )
    channels = []
    for name, unit, count, divider, scale in (
        (b"EDA", b"microsiemens", 80, 1, 0.001),
        (b"Temp", b"degC", 20, 4, 1.0),
    ):
        fields = {"szCommentText": name, "szUnitsText": unit, "lBufLength": count}
        fields |= {"dAmplScale": scale, "dAmplOffset": 0.5 if divider == 1 else 0.0}
        fields |= {"nVarSampleDivider": divider}
        size = len(acq_header("ChannelHeader", **fields))
        channels.append(acq_header("ChannelHeader", lChanHeaderLen=size, **fields))
    types = acq_header("ChannelDTypeHeader", nSize=2, nType=2)
    types += acq_header("ChannelDTypeHeader", nSize=8, nType=1)
    counts = np.round((EDA - 0.5) / 0.001).astype("<i2")
    data = b"".join(
        counts[at].tobytes() + (struct.pack("<d", at / 4) if at % 4 == 0 else b"")
        for at in range(80)
    )
    text = b"song\0"
    item = acq_header("MarkerItemHeader", lSample=marker, nTextLength=len(text) - 1) + text
    head = acq_header("MarkerHeader", lLength=len(item) + 8, lMarkers=1)
    journal = acq_header("JournalHeader", tag=(ctypes.c_ubyte * 4)(0x44, 0x33, 0x22, 0x11))
    foreign = acq_header("ForeignHeader", nLength=4)
    return b"".join([graph, *channels, foreign, types, data, head, item, journal])


def write_acq(path: Path) -> Path:
    path.write_bytes(acq_file())
    return path


def write_wfdb(path: Path) -> Path:
    import wfdb

    wfdb.wrsamp(
        path.stem,
        fs=RATE,
        units=["uS", "degC"],
        sig_name=["EDA", "Temp"],
        p_signal=np.column_stack([EDA, np.linspace(30, 31, 80)]),
        fmt=["16", "16"],
        base_datetime=START,
        write_dir=str(path.parent),
    )
    wfdb.wrann(
        path.stem,
        "atr",
        np.array([20, 60]),
        symbol=['"', '"'],
        aux_note=["song", "end"],
        fs=RATE,
        write_dir=str(path.parent),
    )
    return path


def write_bids(path: Path) -> Path:
    rows = "".join(f"{value!r}\t{index % 2}\n" for index, value in enumerate(EDA.tolist()))
    path.write_bytes(gzip.compress(rows.encode(), mtime=0))
    about = {"SamplingFrequency": RATE, "StartTime": 0, "Columns": ["EDA", "trigger"]}
    about |= {"EDA": {"Units": "uS", "Description": "left hand"}}
    stem = path.name.removesuffix(".tsv.gz")
    path.with_name(f"{stem}.json").write_text(json.dumps(about))
    return path


AVRO_SCHEMA = {
    "type": "record",
    "name": "csv",
    "namespace": "com.empatica",
    "fields": [
        {
            "name": "rawData",
            "type": {
                "type": "record",
                "name": "RawData",
                "fields": [
                    *(
                        {
                            "name": name,
                            "type": {
                                "type": "record",
                                "name": name,
                                "fields": [
                                    {"name": "timestampStart", "type": "long"},
                                    {"name": "samplingFrequency", "type": "float"},
                                    {
                                        "name": "values",
                                        "type": {"type": "array", "items": "float"},
                                    },
                                ],
                            },
                        }
                        for name in ("eda", "temperature")
                    ),
                    {
                        "name": "tags",
                        "type": {
                            "type": "record",
                            "name": "tags",
                            "fields": [
                                {
                                    "name": "tagsTimeMicros",
                                    "type": {"type": "array", "items": "long"},
                                }
                            ],
                        },
                    },
                ],
            },
        }
    ],
}


def write_avro(path: Path, codec: str = "null", begin: float = UNIX) -> Path:
    import fastavro

    sensor = {"timestampStart": int(begin * 1e6), "samplingFrequency": RATE, "values": EDA.tolist()}
    empty = {"timestampStart": 0, "samplingFrequency": 0.0, "values": []}
    tags = {"tagsTimeMicros": [int((UNIX + 2.5) * 1e6)]}
    stream = io.BytesIO()
    record = {"rawData": {"eda": sensor, "temperature": empty, "tags": tags}}
    fastavro.writer(
        stream, fastavro.parse_schema(AVRO_SCHEMA), [record], codec, sync_marker=b"0" * 16
    )
    path.write_bytes(stream.getvalue())
    return path


def write_matlab(path: Path) -> Path:
    from scipy.io import savemat

    savemat(path, {"EDA": EDA, "fs": RATE, "units": "uS"}, do_compression=True)
    return path


#: Reader's module, name of the file, and what writes it.
FILES: dict[str, tuple[str, str, Callable[[Path], Path]]] = {
    "EDF": ("edf", "s01.edf", write_edf),
    "BDF": ("edf", "s01.bdf", lambda path: write_edf(path, "BDF")),
    "XDF": ("xdf", "s01.xdf", write_xdf),
    "AcqKnowledge": ("biopac", "s01.acq", write_acq),
    "WFDB": ("physionet", "s01.hea", write_wfdb),
    "BIDS": ("bids", "sub-01_task-music_physio.tsv.gz", write_bids),
    "Avro": ("avro", "1-1-p01_1709288102.avro", write_avro),
    "MATLAB": ("matlab", "s01.mat", write_matlab),
}
