from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.plots.subject_strip import subject_strip


def groups(n: int, least: float = 0.2, most: float = 1.0, word: str = "subject") -> pd.DataFrame:
    right = np.round(20 * np.linspace(least, most, n)).astype(int)
    return pd.DataFrame(
        {
            word: [f"s{k}" for k in range(n)],
            "n": 20,
            "n_right": right,
            "accuracy": right / 20,
            "majority_share": np.linspace(0.9, 0.5, n),
        }
    )


@pytest.mark.parametrize(("n", "word"), [(1, "subject"), (32, "subject"), (457, "stimulus")])
@pytest.mark.parametrize("most", [1.0, 0.35])
def test_says_what_it_shows(read, n, word, most):
    table = groups(n, most=most, word=word)
    chance = np.full(n, 0.6)
    text = read(subject_strip(table, chance, 0.55, title="a run", p_value=0.031, simulated=True))
    assert {"a run", f"a {word}", "spread by chance alone", "majority class"} <= set(text)
    assert {"own majority class", "simulated data", f"{word}, sorted by accuracy"} <= set(text)
    assert "p = 0.031 that chance alone spreads as much" in text
    (named,) = (each for each in text if each.startswith("least accurate"))
    assert named.splitlines()[1] == "s0: 4 of 20 right"
    assert len(named.splitlines()) == 1 + (5 if n > 1 else 1)


def test_dots_stand_where_the_table_says_and_untested_groups_nowhere():
    table = groups(6)
    never = table[:1].assign(
        subject="never", n=0, n_right=0, accuracy=np.nan, majority_share=np.nan
    )
    both = pd.concat([table, never], ignore_index=True)
    chance = np.linspace(0.5, 0.7, 6)
    (axes,) = subject_strip(both, chance, 0.55, title="a run").axes
    own, majority, even, dots = axes.lines
    np.testing.assert_allclose(dots.get_ydata(), 100 * table["accuracy"])
    np.testing.assert_array_equal(dots.get_xdata(), np.arange(1, 7))
    np.testing.assert_allclose(own.get_ydata(), 100 * table["majority_share"])
    np.testing.assert_allclose(even.get_ydata(), 100 * chance)
    np.testing.assert_allclose(majority.get_ydata(), 55)
    assert axes.get_title("left") == ""  # no p value, no heading


@pytest.mark.parametrize("most", [1.0, 0.35])
def test_names_do_not_lie_on_dots(most):
    figure = subject_strip(groups(60, most=most), np.full(60, 0.6), 0.55, title="a run")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    dots = axes.transData.transform(axes.lines[-1].get_xydata())
    box = axes.texts[0].get_window_extent()
    assert not any(box.contains(*dot) for dot in dots)
