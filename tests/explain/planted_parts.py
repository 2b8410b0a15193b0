"""Simulated listeners whose label is caused by their skin, by the song, or by both.

The skin is that of `tests.explain.planted`: a response in a known interval, or none. A song is
bright or dark, which two of its features tell with noise; the others are noise. Songs that train
and songs that test are others. Where both are causes, a trial whose skin and song disagree is high
or low by the toss of a coin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from rtcan_cli.choices import CLASS_NAMES
from rtcan_cli.explain import contributions as explain
from rtcan_cli.explain.fused import answer_of_network
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.results.attention.contributions import TRIAL_COLUMNS
from rtcan_cli.steps.attention.contribution_tables import parts_table
from rtcan_cli.steps.attention.fold_contributions import exchange
from tests.explain import planted

#: Causes, and steps of training after which small networks have found them.
CAUSES = {"song": 25, "skin": 40, "both": 60}
N_MUSIC, N_SONGS, N_TELLING = 12, 24, 2


@dataclass(frozen=True)
class Planted:
    """Trials: EDA (n, 3, L), music (n_songs, N_MUSIC), row of the song, label, subject."""

    eda: NDArray[np.float32]
    music: NDArray[np.float32]
    song: NDArray[np.int64]
    label: NDArray[np.int64]
    subject: NDArray[np.str_]


def draw(cause: str, n: int, seed: int) -> Planted:
    """Draw trials, each of one of `N_SONGS` songs, half of which are bright."""
    skin = planted.draw(n, seed)
    rng = np.random.default_rng([seed, 1])
    bright = np.arange(N_SONGS) % 2
    music = rng.normal(size=(N_SONGS, N_MUSIC))
    music[:, :N_TELLING] += 2 * (2 * bright[:, None] - 1)
    song = rng.integers(0, N_SONGS, n)
    toss = rng.random(n) < 0.5
    label = {
        "song": bright[song],
        "skin": skin.label,
        "both": np.where(toss, bright[song], skin.label),
    }[cause]
    return Planted(skin.eda, music.astype(np.float32), song, label, skin.subject)


def train(cause: str, seed: int, steps: int | None = None) -> RTCAN:
    """Train a tiny fused network for a few seconds, on new listeners and songs in each step."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = RTCAN("Rf", channels=(8, 8, 8, 8), n_music=N_MUSIC)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(steps or CAUSES[cause]):
        trials = draw(cause, 64, 10_000 * (seed + 1) + step)
        optimizer.zero_grad()
        heard = torch.from_numpy(trials.music[trials.song])
        logits = model(torch.from_numpy(trials.eda), heard)
        F.cross_entropy(logits, torch.from_numpy(trials.label)).backward()
        optimizer.step()
    return model.eval()


def explained(
    model: RTCAN, trials: Planted, background: Planted, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Contributions to each answer, and what is made of them for both parts."""
    n, n_background = len(trials.label), len(background.label)
    answer = answer_of_network(
        model,
        np.concatenate([trials.eda, background.eda]),
        np.concatenate([trials.music, background.music]),
        [np.arange(N_MUSIC)],
    )
    own = explain.Trials(np.arange(n), trials.song)
    others = explain.Trials(n + np.arange(n_background), N_SONGS + background.song)
    found = explain.contributions(answer, own, others)
    names = {"EDA": trials.subject, "music": trials.song.astype(str)}
    classes = np.array(CLASS_NAMES)
    table = pd.DataFrame(
        {
            "subject": trials.subject,
            "stimulus": trials.song.astype(str),
            "repetition": 1 + np.arange(n),  # a listener may have met a song more than once
            "fold": 1,
            "true_class": classes[trials.label],
            "called_class": classes[(found.answer > 0.5).astype(int)],
            "probability": found.answer,
            "baseline": found.baseline,
            "eda": found.eda,
            "music": found.music,
            "without_eda": found.without_eda,
            "without_music": found.without_music,
        }
    ).reindex(columns=list(TRIAL_COLUMNS))
    exchanged = exchange(answer, own, names, np.random.default_rng(seed), 10)
    return table, parts_table("arousal", table, exchanged, "probability")
