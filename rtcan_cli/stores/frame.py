"""A store as a data frame, in one line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rtcan_cli.errors import RtcanError
from rtcan_cli.stores.schema import OFFSETS, Schema
from rtcan_cli.stores.store import Store

if TYPE_CHECKING:
    import pandas as pd

#: Table that a store is about.
_MAIN = {"recordings": "trials", "components": "recordings", "features": "recordings"}
_MAIN |= {"labels": "labels", "music": "stimuli", "run": "predictions"}
#: Name of the long table of samples.
SIGNALS = "signals"
_MATRIX = "features/value"


def read_store(path: Path | str, table: str | None = None) -> pd.DataFrame:
    """Read a table of a store as a data frame.

    Parameters
    ----------
    path : Path or str
        The store.
    table : str, optional
        One of its tables, as `rtcan info PATH` lists them. By default the one that the store is
        about: trials, labels, decomposed recordings, recordings or songs with a column for each
        feature, or predictions. ``signals`` is a long table with a row for each sample: the
        recording (its row in the table ``recordings``), the time in seconds, and each channel.

    Returns
    -------
    DataFrame
        Its ``attrs`` have ``dataset``, ``kind``, ``simulated`` and ``content_id`` of the store, and
        ``units``, the unit of each column that has one. ``recordings/unit`` as a unit means that
        this column of the table ``recordings`` has it.

    Raises
    ------
    RtcanError
        If there is no such store or table, or it is damaged.
    """
    path = Path(path)
    with Store(path) as store:
        schema = store.schema
        name = table or _MAIN[schema.kind]
        known = _tables(schema)
        if name not in known:
            raise RtcanError(
                f"{path}: a {schema.kind} store has no table {name!r}", f"{' or '.join(known)}"
            )
        frame = _samples(store) if name == SIGNALS else store.table(name)
        units = {each.path.split("/")[1]: each.unit for each in schema.columns(name)}
        if name == _MAIN[schema.kind] and store.holds(_MATRIX):
            frame, of_features = _with_features(store, frame)
            units |= of_features
        made = store.provenance
        frame.attrs = {
            "dataset": made.dataset,
            "kind": schema.kind,
            "simulated": made.simulated,
            "content_id": store.content_id,
            "units": {k: unit for k, unit in units.items() if unit and k in frame.columns},
        }
    return frame


def _tables(schema: Schema) -> list[str]:
    """Names of the tables, in the order of the schema; of matrices and weights there is none."""
    names = dict.fromkeys(each.path.split("/")[0] for each in schema.fields)
    return [name for name in names if name not in ("weights", "membership", "features")]


def _samples(store: Store) -> pd.DataFrame:
    import pandas as pd

    offsets = store.array(OFFSETS)
    length = np.diff(offsets)
    recording = np.repeat(np.arange(len(length)), length)
    rate = store.array("recordings/sampling_rate")
    time = (np.arange(len(recording)) - offsets[recording]) / rate[recording]
    channels = {
        field.path.split("/")[1]: store.array(field.path)
        for field in store.schema.columns(SIGNALS)
        if field.path != OFFSETS
    }
    return pd.DataFrame({"recording": recording, "time": time, **channels})


def _with_features(store: Store, frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """The table with a column for each feature, and the units of these."""
    import pandas as pd

    names = store.array("features/name").tolist()
    if taken := {*names} & {*frame.columns}:
        raise RtcanError(f"{store.path}: a feature has the name of a column: {min(taken)}")
    values = pd.DataFrame(store.array(_MATRIX), columns=names)
    units = store.array("features/unit").tolist() if store.holds("features/unit") else []
    return pd.concat([frame, values], axis=1), dict(zip(names, units, strict=False))
