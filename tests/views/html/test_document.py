"""What a report says of models without skill, where it explains them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rtcan_cli.views import answer as answer_view
from rtcan_cli.views.html import document
from rtcan_cli.views.html.render import Part

SURE = {"valence": answer_view.YES, "arousal": answer_view.YES}


@pytest.mark.parametrize(
    ("changed", "headlines"),
    [
        ({}, []),
        ({"arousal": answer_view.NO}, ["This model showed no skill for arousal."]),
        (
            {"arousal": answer_view.NO, "valence": answer_view.NO},
            ["This model showed no skill for valence or arousal."],
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
