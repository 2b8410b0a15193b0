"""What a description of a model can say, before any memory is taken for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from rtcan_cli import choices
from rtcan_cli.models.registry import find
from rtcan_cli.models.rtcan.facts import VARIANTS
from rtcan_cli.models.spec import ModelSpec

#: Far above what anybody trains. They decide how much memory a network or its input takes.
_MOST_SAMPLES, _MOST_LAYERS, _WIDEST = 1 << 20, 1 << 8, 1 << 16


def wrong_spec(spec: ModelSpec) -> Iterator[str]:
    """What is not possible in a description that a file contains, in words.

    Raises
    ------
    RtcanError
        If there is no such model.
    """
    find(spec.model)
    if not is_whole(spec.length, 1, _MOST_SAMPLES):
        yield f"length is {short(spec.length)}"
    if spec.model != choices.MODEL:
        return
    if spec.variant not in VARIANTS or spec.layout not in get_args(choices.Layout):
        yield f"the network is {short((spec.variant, spec.layout))}"
    if not is_whole(spec.depth, 1, _MOST_LAYERS):
        yield f"depth is {short(spec.depth)}"
    if not 1 <= len(spec.channels) <= _MOST_LAYERS or not all(
        is_whole(width, 1, _WIDEST) for width in spec.channels
    ):
        yield f"channels are {short(spec.channels)}"


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether a value is a whole number in a range."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def short(value: Any) -> str:
    """A value as Python writes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
