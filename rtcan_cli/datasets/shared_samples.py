"""Trials that are cut out of one signal and have samples in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from rtcan_cli.datasets.trials import Excluded, Item, Recording, Trial
from rtcan_cli.trial_key import hearing

SLACK = 1.0
"""Seconds that trials of one subject may share without a word: times are rounded to seconds."""


def check_shared(items: Iterable[Item]) -> list[Item]:
    """Look for trials that share samples of a file.

    Of one subject, that may be meant, and a note says so: such trials are not independent, and
    protocols that hold out trials or stimuli would have the same samples on both sides. Two
    subjects cannot have the same skin: the later recording is left out.

    Parameters
    ----------
    items : iterable of Item
        With all trials of each file that are cut out of it.

    Returns
    -------
    list of Item
        The same, with notes, and without recordings that are left out.
    """
    checked: list[Item] = []
    spans: defaultdict[tuple[str, str], list[tuple[int, int, Trial]]] = defaultdict(list)
    for item in items:
        if not isinstance(item, Trial):
            checked.append(item)
            continue
        kept = []
        for each in item.recordings:
            if each.span is None:
                kept.append(each)
                continue
            channel, first, last = each.span
            there = spans[each.source, channel]
            shared = [
                (min(last, end) - max(first, begin), other)
                for begin, end, other in there
                if other is not item
            ]
            n, other = max(shared, key=lambda pair: pair[0], default=(0, item))
            seconds = n / each.sampling_rate
            if n > 0 and other.subject != item.subject:
                checked.append(_left_out(item, each, other, seconds))
                continue
            there.append((first, last, item))
            kept.append(_noted(each, item, other, seconds) if seconds > SLACK else each)
        checked.append(replace(item, recordings=tuple(kept)))
    return checked


def _left_out(trial: Trial, recording: Recording, other: Trial, seconds: float) -> Excluded:
    reason = f"{seconds:.4g} s of its EDA are also those of {_name(other)}"
    place = recording.source, recording.position
    return Excluded(trial.subject, trial.stimulus, reason, *place, trial.repetition)


def _noted(recording: Recording, trial: Trial, other: Trial, seconds: float) -> Recording:
    note = (
        f"trials overlap in time, such as '{_name(trial)}' and '{_name(other)}' by {seconds:.4g} "
        "s: they are not independent, and folds that do not hold out whole subjects would have the "
        "same samples in training and test"
    )
    return replace(recording, notes=(*recording.notes, note))


def _name(trial: Trial) -> str:
    return f"subject {trial.subject}, stimulus {trial.stimulus}{hearing(trial.repetition)}"
