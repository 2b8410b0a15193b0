"""Exported networks say what rtcan says, to programs that know nothing of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rtcan_cli import views
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.deployment.export import TOLERANCE, export_run
from rtcan_cli.stores import Workspace
from rtcan_cli.training.data import Trials
from rtcan_cli.views.layout import table_lines
from tests.conftest import N_MUSIC, must, rtcan


@pytest.fixture(scope="module")
def run(full_run: Path) -> Run:
    return Run.load(full_run)


def inputs(run: Run) -> Trials:
    rng = np.random.default_rng(7)
    scales = run.model_of_fold("arousal", 1).scales
    spread = rng.normal(0, 2, size=(5, len(scales["music_mean"])))
    return Trials(
        eda=rng.normal(size=(5, 3, 96)).astype(np.float32),
        subject=np.array(list("abcde")),
        stimulus=np.array(list("abcde")),
        music=(scales["music_mean"] + spread * scales["music_sd"]).astype(np.float32),
        song=np.arange(5),
    )


def expected(run: Run, folds: list[int], trials: Trials) -> np.ndarray:
    """Mean over folds of p^(1/T) / (p^(1/T) + (1 - p)^(1/T))."""
    said = []
    for fold in folds:
        model = run.model_of_fold("arousal", fold)
        p, power = model.probability(trials), 1 / model.temperature
        said.append(p**power / (p**power + (1 - p) ** power))
    return np.mean(said, axis=0)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_holds_the_mean_of_all_folds(trained: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "arousal.pt"
    options = ("--target", "arousal", "--torchscript", path, "--json")
    result = json.loads(must("export", run.name, "-w", trained, *options).stdout)
    assert (result["target"], result["folds"], result["calibrated"]) == ("arousal", [1, 2, 3], True)
    (row,) = result["exports"]
    assert (row["format"], row["size"]) == ("torchscript", path.stat().st_size)
    assert 0 <= row["largest_difference"] <= TOLERANCE
    extra = {"metadata.json": ""}
    loaded = torch.jit.load(str(path), _extra_files=extra)
    trials = inputs(run)
    assert trials.music is not None
    answer = loaded(torch.from_numpy(trials.eda), torch.from_numpy(trials.music)).numpy()
    np.testing.assert_allclose(answer, expected(run, [1, 2, 3], trials), atol=1e-5)
    assert np.ptp(answer) > 1e-4
    facts = json.loads(extra["metadata.json"])
    assert (facts["run"], facts["folds"], facts["target"]) == (run.name, "1,2,3", "arousal")
    assert (facts["simulated"], facts["calibrated"], facts["length"]) == ("true", "true", "96")
    assert facts["channels"] == "original,phasic,tonic"
    assert "decomposition=cvxeda" in facts["components_settings"]
    with pytest.raises(RuntimeError, match="shape"):
        loaded(torch.zeros(2, 3, 192), torch.from_numpy(trials.music[:2]))


@pytest.mark.long  # PyTorch's exporter alone takes 10 s
def test_onnx_holds_one_fold(trained: Path, run: Run, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    path = tmp_path / "arousal.onnx"
    result = export_run(run.path, Workspace(trained), {"onnx": path}, "arousal", fold=2)
    assert result.files == (path,)
    (table,) = views.page(result).tables
    for width in (60, 80, 120):
        assert max(map(len, table_lines(table, width))) <= width
    session = onnxruntime.InferenceSession(str(path))
    shapes = {each.name: each.shape[1:] for each in session.get_inputs()}
    assert shapes == {"eda": [3, 96], "music": [N_MUSIC]}
    trials = inputs(run)
    for n in (1, 5):
        assert trials.music is not None
        some = {"eda": trials.eda[:n], "music": trials.music[:n]}
        (answer,) = session.run(["p_high"], some)
        np.testing.assert_allclose(answer, expected(run, [2], trials)[:n], atol=1e-5)
    facts = session.get_modelmeta().custom_metadata_map
    assert (facts["run"], facts["folds"], facts["simulated"]) == (run.name, "2", "true")
    assert [file.name for file in tmp_path.iterdir()] == ["arousal.onnx"]


def test_a_file_that_says_something_else_is_not_left_behind(
    trained: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtcan_cli.export.graph.LIMIT", 5.0)  # clips music where rtcan does not
    path = tmp_path / "arousal.pt"
    options = ("--target", "arousal", "--fold", "1", "--torchscript", path)
    outcome = rtcan("export", run.name, "-w", trained, *options)
    assert outcome.exit_code == 1
    assert "gives other probabilities than rtcan" in outcome.stderr
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_exported_is_said(trained: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    command = ("export", run.name, "-w", trained)
    assert "--target valence" in rtcan(*command, "--torchscript", path).stderr
    outcome = rtcan(*command, "--target", "arousal", "--fold", "4", "--torchscript", path)
    assert "fold 4 of arousal was not trained" in outcome.stderr
    assert rtcan(*command).exit_code == 2
    assert not list(tmp_path.iterdir())
