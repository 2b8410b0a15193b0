"""The same small datasets as in the tests of the readers."""

from __future__ import annotations

from tests.datasets.conftest import amigos_raw, case_raw, deap_raw, pmemo_raw, wesad_raw

__all__ = ["amigos_raw", "case_raw", "deap_raw", "pmemo_raw", "wesad_raw"]
