"""The 24 real listeners of HKU956 in ``examples/data``, read with nothing of rtcan."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

EXCERPT = Path(__file__).parent.parent / "examples" / "data" / "hku956.zip"


def ratings() -> pd.DataFrame:
    """The table of ratings, with the names of songs as text."""
    with zipfile.ZipFile(EXCERPT) as packed, packed.open("HKU956/3. AV_ratings.csv") as file:
        return pd.read_csv(file, dtype={"song_id": str}, encoding="utf-8-sig")


def recordings() -> dict[str, np.ndarray]:
    """Each EDA recording in microsiemens at 4 Hz, by the name of its file."""
    with zipfile.ZipFile(EXCERPT) as packed:
        return {
            name: np.array(packed.read(name).split(), dtype=float)
            for name in sorted(packed.namelist())
            if "/EDA/" in name
        }
