"""Small simulated datasets; not to be written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtcan_cli.simulate import simulate


@pytest.fixture(scope="session")
def deap_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate("deap", tmp_path_factory.mktemp("deap"), 3, 4, 6.0, seed=1).folder


@pytest.fixture(scope="session")
def amigos_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve subjects, so that those with missing, flat and broken recordings are among them."""
    folder = tmp_path_factory.mktemp("amigos")
    return simulate("amigos", folder, 12, 5, 6.0, seed=1, faults=True).folder


@pytest.fixture(scope="session")
def pmemo_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate("pmemo", tmp_path_factory.mktemp("pmemo"), 5, 3, 6.0, seed=1).folder


@pytest.fixture(scope="session")
def wesad_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wesad")
    return simulate("wesad", folder, 3, 5, 6.0, seed=1, faults=True).folder


@pytest.fixture(scope="session")
def case_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    return simulate("case", folder, 4, 4, 6.0, seed=1, faults=True).folder
