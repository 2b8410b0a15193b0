"""Gradient boosted trees on EDA features, music features, or both.

::

    128 EDA features ────────────┐
                                 ├─ share of high + tree + tree + ... ── logistic ── P(high)
    6373 functionals of the song ┘

Source: Friedman, Stochastic Gradient Boosting (2002), by scikit-learn.

Inputs: depending on ``--fusion``, the features of `rtcan eda-features`, those of `rtcan
music-features`, or both, in single precision, as scikit-learn's trees require.

Defaults: up to 200 trees of depth 3, each scaled by 0.1; each uses half of the training trials, and
at each split the square root of the number of features. Trees therefore differ, and thousands of
features take little time. The number of trees with the lowest validation loss is kept.

The trees are stored as plain arrays, each filled up to the 15 nodes it may have.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.ensemble import GradientBoostingClassifier

from rtcan_cli.models.learner import Arrays, Examples, Fitted, cross_entropy

N_TREES = 200
DEPTH = 3
RATE = 0.1
N_NODES = 2 ** (DEPTH + 1) - 1


class Boosting:
    """Learner of trees that are added up."""

    def __init__(self, n_trees: int = N_TREES) -> None:
        self.n_trees = n_trees

    def fit(
        self,
        train: Examples,
        label: NDArray[np.int64],
        validation: Examples,
        validation_label: NDArray[np.int64],
        seed: int,
    ) -> Fitted:
        """Grow all trees on training trials, and keep as many as validation trials want."""
        model = GradientBoostingClassifier(
            n_estimators=self.n_trees,
            learning_rate=RATE,
            subsample=0.5,
            max_features="sqrt",
            max_depth=DEPTH,
            random_state=seed,
        )
        model.fit(_features(train), label)
        arrays = as_arrays(model, label)
        by_step = [staged(arrays, trials) for trials in (train, validation)]
        train_loss, loss = (
            np.array([cross_entropy(p, truth) for p in guesses.T])
            for guesses, truth in zip(by_step, (label, validation_label), strict=True)
        )
        right = (by_step[1] > 0.5) == validation_label[:, None]
        best = int(np.argmin(loss))
        arrays["n_trees"] = np.array(best + 1)
        n_splits = sum(tree.tree_.node_count // 2 for tree in model.estimators_[: best + 1, 0])
        return Fitted(
            arrays,
            n_parameters=3 * n_splits + best + 2,  # two a split, one a leaf, the share of high
            history={
                "train_loss": train_loss,
                "validation_loss": loss,
                "validation_accuracy": right.mean(axis=0),
            },
            best_step=best,
        )

    def probability(
        self, arrays: Mapping[str, NDArray[np.generic]], trials: Examples
    ) -> NDArray[np.float64]:
        """Probability of high, from the trees that were kept."""
        return staged(arrays, trials)[:, int(arrays["n_trees"]) - 1]


def as_arrays(model: GradientBoostingClassifier, label: NDArray[np.int64]) -> Arrays:
    """A fitted model as arrays.

    Returns
    -------
    dict of str to array
        ``start``, the logit of the share of high; and of each tree and node ``feature`` (-1 in a
        leaf), ``threshold``, ``left``, ``right`` and ``value``.
    """
    shape = (len(model.estimators_), N_NODES)
    feature, left, right = (np.full(shape, -1, np.int32) for _ in range(3))
    threshold, value = np.zeros(shape), np.zeros(shape)
    for row, (tree,) in enumerate(model.estimators_):
        nodes = tree.tree_
        n = nodes.node_count
        leaf = nodes.children_left < 0
        feature[row, :n] = np.where(leaf, -1, nodes.feature)
        threshold[row, :n] = np.where(leaf, 0, nodes.threshold)
        left[row, :n], right[row, :n] = nodes.children_left, nodes.children_right
        value[row, :n] = model.learning_rate * nodes.value[:, 0, 0]
    return {
        "start": np.array(logit(label.mean())),
        "feature": feature,
        "threshold": threshold,
        "left": left,
        "right": right,
        "value": value,
    }


def staged(arrays: Mapping[str, NDArray[np.generic]], trials: Examples) -> NDArray[np.float64]:
    """Probability of high (n, trees) after each tree."""
    x = _features(trials)
    feature, threshold, left, right, value = (
        np.asarray(arrays[name]) for name in ("feature", "threshold", "left", "right", "value")
    )
    tree = np.arange(len(feature))
    row = np.arange(len(x))[:, None]
    node = np.zeros((len(x), len(tree)), dtype=np.int64)
    for _ in range(DEPTH):
        column = feature[tree, node]
        smaller = x[row, column] <= threshold[tree, node]
        below = np.where(smaller, left[tree, node], right[tree, node])
        node = np.where(column < 0, node, below)
    total = np.cumsum(value[tree, node], axis=1, dtype=np.float64)
    high: NDArray[np.float64] = expit(float(arrays["start"]) + total)
    return high


def _features(trials: Examples) -> NDArray[np.float32]:
    return trials.x.astype(np.float32)


build = Boosting
