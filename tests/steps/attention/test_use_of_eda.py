"""Networks that hardly use the EDA are named, before anybody believes their maps."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit

from rtcan_cli.steps.attention import trials as explain_trials
from rtcan_cli.steps.attention.all_trials import explain_all
from rtcan_cli.steps.attention.use_of_eda import MOVED, moved, use_notes
from tests.steps.attention.test_one_trial import run_of, sources


class Sum(torch.nn.Module):
    """A network whose logit of high is a sum of its inputs."""

    def __init__(self, eda: float, music: float) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([eda, music]))

    def forward(self, eda: torch.Tensor, music: torch.Tensor | None) -> torch.Tensor:
        high = self.weight[0] * eda.mean(dim=(1, 2))
        if music is not None:
            high = high + self.weight[1] * music[:, 0]
        return torch.stack([torch.zeros_like(high), high], dim=1)


def loaded(eda: float, music: float | None, n: int = 2) -> Any:
    signals = np.arange(n, dtype=np.float32)[:, None, None] * np.ones((n, 3, 4), np.float32)
    songs = None if music is None else np.arange(n, dtype=np.float32)[:, None]
    return SimpleNamespace(model=Sum(eda, music or 0.0), eda=signals, music=songs)


TWO = pd.DataFrame({"subject": ["a", "b"], "stimulus": ["x", "y"]})


def test_answers_move_by_what_is_exchanged() -> None:
    found = moved(loaded(2.0, 0.5), TWO)
    # The sums are 0 and 2.5; with the other's EDA 2 and 0.5, with the other's music 0.5 and 2.
    by_eda = [expit(2) - expit(0), expit(2.5) - expit(0.5)]
    by_music = [expit(0.5) - expit(0), expit(2.5) - expit(2)]
    np.testing.assert_allclose(found["moved_by_eda"], by_eda, rtol=1e-5)
    np.testing.assert_allclose(found["moved_by_music"], by_music, rtol=1e-5)
    np.testing.assert_array_equal(moved(loaded(0.0, 0.5), TWO)["moved_by_eda"], 0.0)


def test_trials_of_one_subject_exchange_their_own() -> None:
    found = moved(loaded(2.0, None), TWO.assign(subject="a"))
    np.testing.assert_allclose(found["moved_by_eda"], expit(2) - expit(0), rtol=1e-5)
    assert np.isnan(found["moved_by_music"]).all()
    assert np.isnan(moved(loaded(2.0, None, 1), TWO.head(1))["moved_by_eda"]).all()


@pytest.mark.parametrize(
    ("eda", "music", "is_said"),
    [
        (0.0, 0.2, True),
        (0.02, 0.3, True),
        (0.2, 0.2, False),
        (0.005, np.nan, True),
        (0.02, np.nan, False),
        (np.nan, np.nan, False),
    ],
)
def test_a_warning_if_answers_hardly_move(eda: float, music: float, is_said: bool) -> None:
    run: Any = SimpleNamespace(path=Path("w/pmemo/runs/net.h5"), is_fused=np.isfinite(music))
    table = pd.DataFrame([[eda, music]] * 3, columns=list(MOVED))
    found = use_notes(run, "arousal", table)
    assert [note.kind for note in found] == ["eda_hardly_used"] * is_said
    for note in found:
        assert note.text.startswith("arousal: warning: these networks hardly use the EDA")
        assert f"moves by {eda:.3f} on average with the EDA" in note.text
        assert ("the music of another song" in note.text) == np.isfinite(music)
        assert (note.command is not None) == np.isfinite(music)


def test_gradcam_of_all_trials_warns(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = explain_trials.load

    def deaf(chunk: explain_trials.Chunk, *rest: Any) -> explain_trials.Loaded:
        data = original(chunk, *rest)
        first = next(each for each in data.model.classifier if isinstance(each, torch.nn.Linear))
        assert data.music is not None
        with torch.no_grad():
            first.weight[:, : first.in_features - data.music.shape[1]] *= 1e-5
        return data

    for name in ("attention_average", "attention_responses", "write_table"):
        monkeypatch.setattr(f"rtcan_cli.steps.attention.all_trials.{name}", lambda *_, **__: None)
    monkeypatch.setattr("rtcan_cli.steps.attention.all_trials.save", lambda *_: [])
    monkeypatch.setattr(explain_trials, "load", deaf)
    run, few = run_of(trained, "Rf"), {"targets": ("arousal",), "max_trials": 12, "jobs": 1}
    found = explain_all(run, sources(trained), tmp_path, **few)  # type: ignore[arg-type]
    (note,) = (each for each in found.notes if each.kind == "eda_hardly_used")
    assert "moves by 0.000 on average" in note.text
    assert str(note.command).startswith(f"rtcan contributions {run.stem}")
