"""Simulations without new options stay what they were: documented scores rest on them.

The digests are of numbers rounded well above what mathematical libraries differ by.
"""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np

from rtcan_cli.simulate import simulate
from rtcan_cli.simulate.physiology import MODEL_VERSION
from rtcan_cli.simulate.songs import synthesise


def rounded(values: np.ndarray) -> bytes:
    # Adding zero turns -0.0 into 0.0.
    return (np.round(values, 3) + 0.0).astype("<f8").tobytes()


def test_version_2() -> None:
    """Whoever changes the digests below changes the version, too."""
    assert MODEL_VERSION == 2


def test_pmemo(tmp_path: Path) -> None:
    root = simulate("pmemo", tmp_path / "raw", 5, 3, 6.0, seed=1).folder
    digest = hashlib.sha256()
    tables = sorted(root.rglob("*.csv"), key=lambda path: path.relative_to(root).as_posix())
    assert len(tables) == 2 * 5 * 3 + 2 * 3 + 3
    for path in tables:
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    assert digest.hexdigest() == "bffca8a364d1b909d9d09d99d8fbfd4b4fd5f00b581e575bf07d10d817dc6a31"


def test_songs() -> None:
    audio = synthesise(0.5, -0.3, 3.0, np.random.default_rng(0)).astype(np.float64)
    assert (
        hashlib.sha256(rounded(audio)).hexdigest()
        == "635577de1e005c61b393f81ebe9efb067e999074a0db3368380427e174184c81"
    )


def test_deap(tmp_path: Path) -> None:
    root = simulate("deap", tmp_path / "raw", 2, 3, 6.0, seed=1).folder
    digest = hashlib.sha256()
    for path in sorted((root / "data_preprocessed_python").iterdir()):
        with path.open("rb") as stream:
            content = pickle.load(stream, encoding="latin1")
        digest.update(rounded(content["data"]) + rounded(content["labels"]))
    assert digest.hexdigest() == "5ab38069a2347f28df65253df8d07afee5babdb073d7233f986b2520f31a220f"
