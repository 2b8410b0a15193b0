"""Simulated listeners whose label is nothing but a skin conductance response in one interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from rtcan_cli.choices import MapName
from rtcan_cli.explain import attribute_trials
from rtcan_cli.explain.average import density
from rtcan_cli.models.rtcan.network import RTCAN
from rtcan_cli.simulate.physiology import bateman

SECONDS, RATE = 40.0, 8.0
LENGTH = round(SECONDS * RATE)
#: Responses that begin here, and nothing else, make a trial high.
FROM, UNTIL = 22.0, 27.0
#: From there to the end of the rise of the last of them.
CAUSE = (FROM, UNTIL + 3.0)
CHANCE = (CAUSE[1] - CAUSE[0]) / SECONDS
PER_SUBJECT = 8


@dataclass(frozen=True)
class Planted:
    """Trials (n, 3, LENGTH), whether each is high, and whose it is."""

    eda: NDArray[np.float32]
    label: NDArray[np.int64]
    subject: NDArray[np.str_]


def draw(n: int, seed: int) -> Planted:
    """Draw trials: every one has responses before and after the interval, half have one in it."""
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.arange(n) % 2)
    driver = np.zeros((n, LENGTH))
    for trial, high in zip(driver, label, strict=True):
        elsewhere = rng.uniform(0, SECONDS, 12)
        elsewhere = elsewhere[(elsewhere < FROM - 5) | (elsewhere > UNTIL + 3)][:5]
        times = np.append(elsewhere, rng.uniform(FROM, UNTIL, int(high)))
        np.add.at(trial, (times * RATE).astype(int), rng.uniform(0.7, 1.3, len(times)))
    phasic = bateman(driver, RATE)
    walk = np.cumsum(rng.normal(0, 0.01, (n, LENGTH)), axis=1)
    channels = np.stack([phasic + walk + rng.normal(0, 0.01, walk.shape), phasic, walk], axis=1)
    channels -= channels.mean(axis=2, keepdims=True)
    channels /= channels.std(axis=2, keepdims=True)
    subject = np.array([f"s{k // PER_SUBJECT:02d}" for k in range(n)])
    return Planted(channels.astype(np.float32), label, subject)


def train(variant: str, seed: int, steps: int = 80) -> RTCAN:
    """Train a tiny network for a few seconds."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = RTCAN(variant, channels=(8, 8, 8, 8))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(steps):
        trials = draw(64, 10_000 * (seed + 1) + step)
        optimizer.zero_grad()
        logits = model(torch.from_numpy(trials.eda))
        F.cross_entropy(logits, torch.from_numpy(trials.label)).backward()
        optimizer.step()
    return model.eval()


def accuracy(model: RTCAN, trials: Planted) -> float:
    with torch.no_grad():
        return float((model(torch.from_numpy(trials.eda)).argmax(1).numpy() == trials.label).mean())


def shares(model: RTCAN, trials: Planted, method: MapName) -> NDArray[np.float32]:
    """Maps of what makes the high trials high, in times the even share (n, C, LENGTH)."""
    high = trials.label == 1
    maps = attribute_trials(
        model, trials.eda[high], class_index=np.ones(high.sum(), dtype=int), method=method
    )
    return density(maps.channels)


def mass_in_cause(share: NDArray[np.floating]) -> float:
    """Share of the mean map's mass that lies where the cause is; `CHANCE` if spread evenly."""
    time = np.arange(LENGTH) / RATE
    inside = (time >= CAUSE[0]) & (time < CAUSE[1])
    mean = np.nanmean(share, axis=0).sum(axis=0)
    return float(mean[inside].sum() / mean.sum())
