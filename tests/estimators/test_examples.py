"""The examples in the docstrings run."""

from __future__ import annotations

import doctest

import pytest

from rtcan_cli.estimators import classifier, splitter


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("module", [classifier, splitter], ids=lambda module: module.__name__)
def test_examples_in_docstrings_run(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0
