from __future__ import annotations

import subprocess
import sys

import pytest

from rtcan_cli.datasets.profiles import PROFILES, profile
from rtcan_cli.errors import RtcanError


def test_names_are_found_in_any_case() -> None:
    assert profile("PMEmo") is PROFILES["pmemo"]


def test_an_unknown_name_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(RtcanError, match="'seed'") as caught:
        profile("seed")
    assert (
        caught.value.hint == "choose one of: deap, amigos, pmemo, hku956, wesad, case, table, bids"
    )


def test_facts_and_sizes_are_light_to_import() -> None:
    code = (
        "import sys, rtcan_cli.datasets.profiles, rtcan_cli.simulate.sizes;"
        "print({'numpy', 'pandas', 'scipy', 'torch'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
