"""Contributions against closed forms, all orders of players, and loops."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rtcan_cli.explain.contributions import Trials, contributions, partners, shapley, worths


def over_orders(worth: np.ndarray) -> np.ndarray:
    """Shapley values of one game by the definition: the mean gain over all orders."""
    n = len(worth).bit_length() - 1
    gains = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        coalition = 0
        for player in order:
            gains[player] += worth[coalition | 1 << player] - worth[coalition]
            coalition |= 1 << player
    return gains / len(orders)


@given(
    st.integers(1, 4).flatmap(
        lambda n: arrays(float, (3, 2**n), elements=st.floats(-10, 10, width=32))
    )
)
@settings(max_examples=25)
def test_shapley_values_are_the_mean_gain_over_all_orders(worth: np.ndarray) -> None:
    found = shapley(worth)
    np.testing.assert_allclose(found, [over_orders(game) for game in worth], atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), worth[:, -1] - worth[:, 0], atol=1e-5)


class Product:
    """An answer with an interaction: a e + b . m + c e m1, m of some features."""

    def __init__(self, seed: int = 0, n_features: int = 3) -> None:
        rng = np.random.default_rng(seed)
        self.eda, self.music = rng.normal(size=12), rng.normal(size=(5, n_features))
        self.a, self.b, self.c = 0.7, rng.normal(size=n_features), 1.3
        self.n_asked = 0

    def __call__(self, eda: np.ndarray, song: np.ndarray) -> np.ndarray:
        """Each group is one feature."""
        self.n_asked += len(eda)
        e = self.eda[eda]
        m = np.stack([self.music[song[:, k], k] for k in range(song.shape[1])], axis=1)
        return self.a * e + m @ self.b[: m.shape[1]] + self.c * e * m[:, 0]


OWN = Trials(np.array([0, 1, 2, 3]), np.array([0, 1, 1, 2]))
BACKGROUND = Trials(np.array([4, 5, 6, 7, 8, 9]), np.array([2, 3, 3, 4, 0, 3]))


def test_contributions_of_a_product_are_those_of_the_closed_form() -> None:
    model = Product(n_features=1)
    found = contributions(model, OWN, BACKGROUND)
    e, m = model.eda[OWN.eda], model.music[OWN.song, 0]
    others, heard = model.eda[BACKGROUND.eda], model.music[BACKGROUND.song, 0]
    # The interaction is shared evenly, and what the background's parts have in common beside it.
    together = (e * m + e * heard.mean() - others.mean() * m - (others * heard).mean()) / 2
    np.testing.assert_allclose(
        found.eda, model.a * (e - others.mean()) + model.c * together, atol=1e-6
    )
    assert found.baseline == pytest.approx(model(BACKGROUND.eda, BACKGROUND.song[:, None]).mean())
    np.testing.assert_allclose(found.answer, model(OWN.eda, OWN.song[:, None]))
    total = found.baseline + found.eda + found.music
    np.testing.assert_allclose(total, found.answer, atol=1e-6)
    np.testing.assert_allclose(found.groups[:, 0], found.music, atol=1e-6)


def test_worths_are_means_over_the_background_trial_by_trial() -> None:
    model = Product()
    found = worths(model, OWN, BACKGROUND, 3)
    for i, (e, s) in enumerate(zip(OWN.eda, OWN.song, strict=True)):
        for with_eda in (0, 1):
            for mask in range(8):
                said = [
                    model(
                        np.array([e if with_eda else other]),
                        np.array([[s if mask >> k & 1 else heard for k in range(3)]]),
                    )[0]
                    for other, heard in zip(BACKGROUND.eda, BACKGROUND.song, strict=True)
                ]
                assert found[i, with_eda, mask] == pytest.approx(np.mean(said))


def test_groups_share_the_contribution_of_the_music() -> None:
    model = Product()
    found = contributions(model, OWN, BACKGROUND, 3)
    np.testing.assert_allclose(found.groups.sum(axis=1), found.music, atol=1e-6)
    heard = model.music[BACKGROUND.song].mean(axis=0)
    # Features that meet no other part add what they do themselves.
    for k in (1, 2):
        alone = model.b[k] * (model.music[OWN.song, k] - heard[k])
        np.testing.assert_allclose(found.groups[:, k], alone, atol=1e-6)


def test_answers_without_the_eda_are_asked_for_once_a_song() -> None:
    model = Product()
    many = Trials(np.tile(OWN.eda, 50), np.tile(OWN.song, 50))
    worths(model, many, BACKGROUND, 1)
    n_songs, n_heard, n_background = 3, 4, 6
    assert model.n_asked == n_songs * n_background + 200 * n_heard + 200 + n_background


def test_partners_are_of_others() -> None:
    own = np.array(["a", "a", "b", "c", "b"])
    found = partners(own, 40, np.random.default_rng(0))
    assert found.shape == (40, 5)
    assert (own[found] != own).all()
    assert set(found[:, 0]) == {2, 3, 4}  # any other, in some draw
    assert (partners(np.array(["a", "a"]), 3, np.random.default_rng(0)) == -1).all()
