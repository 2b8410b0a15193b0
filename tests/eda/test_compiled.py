from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rtcan_cli.eda.compiled import compiled


def test_division_by_zero_is_infinite_and_missing_numbers_stay_missing():
    @compiled()
    def ratio(x):
        out = np.empty_like(x)
        for k in range(x.size):
            out[k] = 1.0 / x[k]
        return out

    result = ratio(np.array([0.0, np.nan, 2.0]))
    assert result[0] == np.inf
    assert np.isnan(result[1])
    assert result[2] == 0.5


@pytest.mark.long
def test_a_change_in_a_called_file_is_noticed(tmp_path):
    # Numba alone would go on with the machine code of the old callee.
    source = Path(__file__).parents[2] / "rtcan_cli" / "eda" / "compiled.py"
    (tmp_path / "compiled.py").write_text(source.read_text())
    (tmp_path / "caller.py").write_text(
        "from compiled import compiled\n"
        "from callee import answer\n"
        "@compiled()\n"
        "def ask():\n"
        "    return answer()\n"
        "print(ask())\n"
    )
    command = [sys.executable, "-c", "import caller"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for value in ("41", "42"):
        (tmp_path / "callee.py").write_text(
            f"from compiled import compiled\n@compiled()\ndef answer():\n    return {value}\n"
        )
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == value
        assert list(tmp_path.glob("__pycache__/compiled-*/**/*.nbi"))
