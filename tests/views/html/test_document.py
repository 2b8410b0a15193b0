"""What a report says of models without skill, where it explains them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from rtcan_cli.views import answer as answer_view
from rtcan_cli.views.html import document
from rtcan_cli.views.html.render import Part

SURE = {"valence": answer_view.YES, "arousal": answer_view.YES}


@pytest.mark.parametrize(
    ("changed", "headlines"),
    [
        ({}, []),
        (
            {"arousal": answer_view.NO},
            ["Page one finds no evidence that this model has skill for arousal."],
        ),
        (
            {"arousal": answer_view.NO, "valence": answer_view.NO},
            ["Page one finds no evidence that this model has skill for valence or arousal."],
        ),
        (
            {"arousal": answer_view.PERHAPS, "valence": answer_view.OPEN},
            [
                "This model showed only weak evidence of skill for arousal.",
                "The skill of this model for valence was not tested on page one.",
            ],
        ),
    ],
)
def test_each_target_without_skill_is_named(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], headlines: list[str]
) -> None:
    sure = SURE | changed
    monkeypatch.setattr(document, "_of_run", lambda _, title: Part(title))
    monkeypatch.setattr(answer_view, "skill", lambda _, __, target: sure[target])
    run: Any = SimpleNamespace(dataset="pmemo", simulated=True, name="net")
    part = document._if_skilled([], SimpleNamespace(run=run), ["valence", "arousal"] * 2, "So.")  # type: ignore[arg-type]
    assert [each.headline for each in part.statements] == headlines


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("ignored", (answer_view.NO, "This model ignores the EDA for arousal.")),
        ("hardly_used", (answer_view.PERHAPS, "This model hardly uses the EDA for arousal.")),
        ("helps", None),
    ],
)
def test_maps_of_eda_that_is_not_used_are_said_to_explain_nothing(
    verdict: str, said: tuple[str, str] | None
) -> None:
    run = SimpleNamespace(dataset="pmemo", name="net")
    parts = pd.DataFrame(
        {
            "target": ["valence", "valence", "arousal", "arousal"],
            "part": ["EDA", "music"] * 2,
            "size": [0.1, 0.1, 0.002, 0.2],
            "verdict": ["helps", "ignored", verdict, "helps"],
        }
    )
    peaks = pd.DataFrame({"target": ["valence", "arousal"]})
    other = SimpleNamespace(dataset="pmemo", name="other")
    for of, found in ((run, said), (other, None)):
        each: Any = SimpleNamespace(run=run, peaks=peaks)
        contributions: Any = [SimpleNamespace(run=of, parts=parts)]
        statements = [*document._unused_eda(contributions, each)]
        assert [(s.kind, s.headline) for s in statements] == ([found] if found else [])
        assert all("by 0.002 (arousal)" in s.details for s in statements)
