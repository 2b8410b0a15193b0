from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.plots.learning_curves import FoldHistory, learning_curves


def histories(n, epochs=30):
    loss = 0.5 + 0.2 * np.exp(-np.arange(epochs) / 8)
    return [FoldHistory(fold, loss, loss + 0.05, fold % epochs) for fold in range(n)]


@pytest.mark.parametrize("n", [1, 3, 7, 10])
def test_says_what_it_shows(read, n):
    text = read(learning_curves(histories(n), title="PMEmo, arousal", simulated=n == 10))
    assert {"PMEmo, arousal", "training", "validation", "chosen epoch"} <= set(text)
    assert [each for each in text if each.startswith("fold")] == [f"fold {k}" for k in range(n)]
    assert text.count("epoch") == min(n, 5)  # under every column, also above an empty place
    assert "cross-entropy" in text
    assert ("simulated data" in text) == (n == 10)


def test_marks_the_chosen_epoch():
    folds = histories(7)
    figure = learning_curves(folds, title="a run")
    assert len(figure.axes) == 7
    for axes, fold in zip(figure.axes, folds, strict=True):
        training, validation, chosen = axes.lines
        np.testing.assert_array_equal(training.get_ydata(), fold.train_loss)
        np.testing.assert_array_equal(validation.get_ydata(), fold.validation_loss)
        np.testing.assert_array_equal(validation.get_xdata(), np.arange(1, 31))
        assert chosen.get_xdata() == [fold.best_step + 1]
        assert chosen.get_ydata() == [fold.validation_loss[fold.best_step]]
        assert training.get_linestyle() != validation.get_linestyle()


def test_a_fold_of_one_epoch(read):
    text = read(learning_curves(histories(3, epochs=1), title="a run"))
    assert "1" in text
