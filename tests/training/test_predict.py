from __future__ import annotations

import numpy as np
import pytest
import torch

from rtcan_cli.models.registry import new_network
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.predict import predict

RNG = np.random.default_rng(0)


def test_probabilities_are_softmax_in_the_order_of_trials() -> None:
    model = new_network(ModelSpec("Rf", (8, 8, 8, 8), n_music=5, length=60))
    eda = RNG.normal(size=(300, 3, 40)).astype(np.float32)  # more than one batch
    music = RNG.normal(size=(300, 5)).astype(np.float32)
    probability = predict(model.train(), eda, music)
    with torch.no_grad():
        logits = model.eval()(torch.tensor(eda), torch.tensor(music)).numpy()
    low, high = np.exp(logits).T
    np.testing.assert_allclose(probability, high / (low + high), rtol=1e-5)


def test_music_is_needed_by_a_network_that_fuses_it() -> None:
    model = new_network(ModelSpec("Rf", (8, 8, 8, 8), n_music=5, length=60))
    with pytest.raises(ValueError, match="music"):
        predict(model, np.zeros((2, 3, 40), np.float32))
