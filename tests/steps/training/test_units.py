"""Units of training compute on one thread, whatever they load for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json
from threadpoolctl import threadpool_info
from rtcan_cli.models.registry import find
from rtcan_cli.steps.training.units import _one_thread

with _one_thread(find("NAME")):
    find("NAME").load()
    print(json.dumps([[pool["user_api"], pool["num_threads"]] for pool in threadpool_info()]))
"""


@pytest.mark.parametrize("name", ["svm-eda", "boosting"])
def test_libraries_that_the_first_unit_loads_have_one_thread(name: str) -> None:
    # So that a pool has two threads unless it is limited, on any machine.
    variables = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("NAME", name)],
        capture_output=True,
        text=True,
        check=True,
        env=variables,
    )
    pools = json.loads(run.stdout)
    assert "openmp" in dict(pools)
    assert {threads for _, threads in pools} == {1}
