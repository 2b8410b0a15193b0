"""Contributions find who was made to decide: the song, the skin, or both; see `planted_parts`."""

from __future__ import annotations

import numpy as np
import pytest

from rtcan_cli.explain.randomise import rank_correlation, untrained
from rtcan_cli.steps.attention.contribution_tables import verdict_note
from tests.explain import planted_parts

#: What is said of EDA and of music, by cause.
VERDICTS = {
    "song": ("ignored", "helps"),
    "skin": ("helps", "ignored"),
    "both": ("helps", "helps"),
}


@pytest.mark.parametrize(
    "cause",
    [
        pytest.param(each, marks=() if each == "skin" else pytest.mark.long)
        for each in planted_parts.CAUSES
    ],
)
def test_the_cause_is_found(cause: str) -> None:
    model = planted_parts.train(cause, seed=0)
    trials, background = (planted_parts.draw(cause, n, seed=k) for k, n in ((1, 96), (2, 40)))
    table, parts = planted_parts.explained(model, trials, background)
    np.testing.assert_allclose(
        table[["baseline", "eda", "music"]].sum(axis=1), table["probability"], atol=1e-6
    )
    eda, music = parts.to_dict("records")
    assert (eda["verdict"], music["verdict"]) == VERDICTS[cause]
    share = eda["share"]
    assert {"song": share < 0.1, "skin": share > 0.9, "both": 0.3 < share < 0.7}[cause]
    if cause != "both":
        ignored = eda if cause == "song" else music
        assert ignored["size"] < 0.05
        assert "is ignored" in verdict_note(ignored, "probability").text
        # Without training there is another answer to who decides, and another to each trial.
        random = untrained(model, trials.eda, trials.music[trials.song], seed=0)
        drawn, _ = planted_parts.explained(random, trials, background)
        name = "music" if cause == "song" else "eda"
        both = (table[name].to_numpy()[None], drawn[name].to_numpy()[None])
        assert abs(rank_correlation(*both)[0]) < 0.6
