"""Subjects of the datasets in which each subject meets every stimulus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rtcan_cli.simulate.design import Design
from rtcan_cli.simulate.physiology import Array, Effects, Listeners, bodily, felt, rate


@dataclass(frozen=True)
class Subject:
    """One subject.

    Attributes
    ----------
    index : int
        From 0.
    listener : Listeners
        The subject's traits, shape (1,).
    pulls, deviations : ndarray, shape (n_stimuli, 2)
        What the stimuli make everyone feel, and how far this subject deviates from it.
    effects : Effects
        How much the stimuli and the subject's skin tell about the ratings.
    seed : int
        What chance is drawn from.
    faults : mapping of int to str
        Kinds of faults by stimulus (from 0).
    truth : bool
        Whether the truth is written too.
    """

    index: int
    listener: Listeners
    pulls: Array
    deviations: Array
    effects: Effects
    seed: int
    faults: Mapping[int, str]
    truth: bool

    @property
    def listeners(self) -> Listeners:
        """The subject's traits, once for each stimulus."""
        return self.listener.take(np.zeros(len(self.pulls), dtype=np.intp))

    def ratings(self, rng: np.random.Generator) -> Array:
        """Valence and arousal of each stimulus, from 0 to 1, shape (n_stimuli, 2)."""
        feeling = felt(self.pulls, self.deviations, self.effects)
        return rate(feeling, self.listeners, rng, self.effects)

    def body(self, rng: np.random.Generator) -> Array:
        """What the sudomotor nerves follow at each stimulus, shape (n_stimuli, 2)."""
        return bodily(self.pulls, self.deviations, rng, self.effects)


def subjects(design: Design, faults: Mapping[tuple[int, int], str]) -> list[Subject]:
    """All subjects of a design.

    Parameters
    ----------
    design : Design
        What is to be written.
    faults : mapping of (int, int) to str
        Kinds of faults by subject and stimulus (from 1), for designs with faults.

    Returns
    -------
    list of Subject
    """
    population = design.population
    n_stimuli = len(population.stimuli)
    return [
        Subject(
            index=index,
            listener=population.listeners.take(np.array([index])),
            pulls=population.stimuli,
            deviations=deviations,
            effects=population.effects,
            seed=design.seed,
            faults={
                stimulus - 1: kind
                for (subject, stimulus), kind in faults.items()
                if design.faults and subject == index + 1 and stimulus <= n_stimuli
            },
            truth=design.truth,
        )
        for index, deviations in enumerate(population.deviations)
    ]


def numbered(n: int) -> list[str]:
    """Names of subjects as the files of DEAP and AMIGOS have them: ``01``, ``02`` and so on."""
    return [f"{number:02d}" for number in range(1, n + 1)]
