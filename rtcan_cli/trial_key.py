"""What tells a trial from all others, and how a trial is called in messages and file names."""

from __future__ import annotations

TRIAL_KEY = ("subject", "stimulus", "repetition")
"""Columns of every table of trials. The first time that a subject hears a stimulus is repetition 1;
the same stimulus again is a trial of its own."""


MOST_REPETITIONS = 1_000_000
"""More often than that, nobody meets a stimulus: it is a slip, or meant as something else."""

COUNT_REPETITIONS = (
    "where the subject heard the stimulus again, count in the column repetition: 1, 2, ...; for "
    "one hearing a rating, fill the column target"
)
"""What to do about rows of a table that are the same trial."""


def is_repetition(number: float) -> bool:
    """Whether a number can be a repetition: 1, 2, ... up to `MOST_REPETITIONS`."""
    return 1 <= number <= MOST_REPETITIONS and number == int(number)


def trial_name(subject: str, stimulus: str, repetition: int) -> str:
    """``subject:stimulus``, and ``:repetition`` of one that was heard before."""
    return f"{subject}:{stimulus}" + (f":{repetition}" if repetition > 1 else "")


def hearing(repetition: int) -> str:
    """What to add to a subject and a stimulus in a message: nothing the first time."""
    return f", repetition {repetition}" if repetition > 1 else ""


def ending(repetition: int) -> str:
    """What to add to the name of a file about a trial: nothing the first time."""
    return f"_repetition_{repetition}" if repetition > 1 else ""
