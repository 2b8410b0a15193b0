from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcan_cli.errors import RtcanError
from rtcan_cli.training.folds.subsets import draw_subjects, parse_share


@pytest.mark.parametrize(
    ("text", "share"),
    [("40%", "40%"), (" 40.0 %", "40%"), ("2.5%", "2.5%"), ("046", "46"), ("100%", None)],
)
def test_shares_are_written_in_one_way(text: str, share: str | None) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["", "0", "0%", "-3", "101%", "1.5", "half", "10%%", "nan%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="'"):
        parse_share(text)


@given(
    st.integers(1, 200), st.lists(st.integers(1, 100), min_size=2, max_size=5), st.integers(0, 99)
)
def test_smaller_draws_lie_in_larger_ones(n: int, percent: list[int], seed: int) -> None:
    subjects = np.repeat([f"s{i}" for i in range(n)], 3)
    drawn = [set(draw_subjects(subjects, f"{share}%", seed)) for share in sorted(percent)]
    for share, some in zip(sorted(percent), drawn, strict=True):
        assert abs(len(some) - share * n / 100) <= 0.5
    for smaller, larger in pairwise(drawn):
        assert smaller <= larger
    shuffled = np.random.default_rng(seed).permutation(subjects)
    assert set(draw_subjects(shuffled, f"{percent[0]}%", seed)) in drawn


def test_sizes_are_those_of_pmemo() -> None:
    subjects = np.arange(457).astype(str)
    assert [len(draw_subjects(subjects, f"{p}%", 0)) for p in (10, 40, 70)] == [46, 183, 320]
    assert len(draw_subjects(subjects, "128", 0)) == 128
    assert not np.array_equal(draw_subjects(subjects, "46", 0), draw_subjects(subjects, "46", 1))


def test_more_subjects_than_there_are_is_refused() -> None:
    with pytest.raises(RtcanError, match="13 subjects are wanted, but 12") as caught:
        draw_subjects(np.arange(12).astype(str), "13", 0)
    assert "--subjects 12" in str(caught.value.hint)
