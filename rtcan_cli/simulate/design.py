"""What a writer is asked for, and what it has to say about each file or song it wrote.

A writer is a module with

- ``units(design)``: the parts of the dataset (subjects or songs) that can be written side by side,
  small enough to be sent to another process;
- ``write_unit(root, unit)``: writes one part and returns a `Written`. It holds no more than this
  part in memory, and its bytes depend on nothing but the part;
- ``SHARED_TABLES``: first lines of the tables to which every part adds, by path below the root.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rtcan_cli.simulate.faults import Fault
from rtcan_cli.simulate.physiology import Population
from rtcan_cli.simulate.sizes import Scale


@dataclass(frozen=True)
class Design:
    """What is to be written.

    Attributes
    ----------
    population : Population
        Who listens to what.
    duration : float or None
        Length of a typical stimulus in seconds; None for the published lengths.
    seed : int
        What all chance is drawn from.
    scale : Scale
        Whether songs have the published numbers and as few listeners as in life.
    faults : bool
        Whether the files have faults, as real ones do.
    truth : bool
        Whether the truth is written beside the data.
    """

    population: Population
    duration: float | None
    seed: int
    scale: Scale = "demo"
    faults: bool = False
    truth: bool = False


@dataclass(frozen=True)
class Written:
    """What was written of one unit.

    Attributes
    ----------
    trials, recordings : int
        Numbers of trials with EDA and both ratings, and of EDA recordings.
    faults : tuple of Fault
        What is wrong with them.
    lines : mapping of str to str
        The unit's line in each of the ``SHARED_TABLES`` that it is in.
    """

    trials: int
    recordings: int
    faults: tuple[Fault, ...] = ()
    lines: Mapping[str, str] = field(default_factory=dict)
