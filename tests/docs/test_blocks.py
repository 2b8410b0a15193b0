"""Every block of code in the README and the pages runs, or is listed here with a reason.

Lines are run as they are typed, in order, in a folder with prepared stores. What makes them short:
small simulated recordings, small defaults (a narrow network, one epoch, three folds, one target),
and figures that are built but not drawn. ``tests/plots`` draws.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rtcan_cli import choices
from rtcan_cli.training.recipes import RECIPES
from tests.conftest import N_MUSIC, made_once, must, without_drawing
from tests.docs.blocks import PAGES, blocks, listed, name_of, run_page, units
from tests.models.rtcan.released_reference import published

#: Lines, and first lines of Python blocks, that do not run here, and why.
NOT_RUN = {
    "make *": "installs into an environment of its own; the other tests run what it runs",
    "python .ci/versions.py *": "makes an environment, and runs the tests in it",
    ". .venv/bin/activate": "changes the user's shell",
    "pip install *": "downloads packages",
    "pipx install *": "downloads packages",
    "uv tool install *": "downloads packages",
    "rtcan live *": "needs a recording that is being made; test_live.py makes some",
    "rtcan --install-completion": "changes the user's shell, too; test_complete.py asks for names",
    "tensorboard *": "starts a server; test_event_files.py reads what it would",
    ".venv/bin/python *benchmarks*": "a benchmark, which takes minutes to hours",
    "examples/table*.sh *": "needs the real data and days on a GPU; test_docs.py reads its lines",
    "bash examples/reproduce_paper.sh *": "needs the real data and days on a GPU, too",
    "rtcan simulate pmemo raw/pmemo --scale full *": "15,924 recordings take minutes",
    "dask *": "starts a cluster; tests/cluster has one",
    "CUDA_VISIBLE_DEVICES=* dask worker *": "needs a GPU",
    "rtcan * --cluster *": "needs a cluster; tests/cluster uses the option with one",
    "from dask_jobqueue import SLURMCluster": "needs a batch system",
    "rtcan export *": "loads PyTorch's exporters for 10 s; test_export.py exports",
    "from rtcan_cli.api import read_weights": "test_export_weights.py runs the lines of a card",
    "rtcan ingest table my-study --decimal ,": "tests/datasets/table reads such files",
    "tail -n +2 *": "downloads hundreds of songs",
    "rtcan ingest hku956 * --audio songs": "needs these songs; tests/datasets/hku956 has some",
    "rtcan evaluate * --on *": "needs a run on EDA alone; test_cross_dataset.py has one",
    "import pyxdf": "needs a recording of LabStreamingLayer; tests/datasets/formats has one",
    "rtcan music-features * --import RAW/static_features.csv": "test_music_features.py reads them",
    "from transformers import AutoModel, Wav2Vec2FeatureExtractor": "downloads a model",
    "rtcan music-features * --import mert.npz *": "needs that model",
    "PYTHONPATH=tests/like_windows *": "test_like_windows.py runs tests in this way",
    "import xarray": "an optional library; tests/stores/test_frame.py opens every store so",
    "rtcan music-features * --import *": "test_music_features.py reads such files",
}
#: Pages whose command lines another test runs, and compares with what they quote.
ELSEWHERE = {
    "docs/tutorial.md": "test_demo.py",
}
#: Pages whose Python blocks another test runs, on files that it makes.
PYTHON_ELSEWHERE = {
    "docs/howto/own_data.md": "test_own_data.py",
}
#: Words of lines, and what is run instead: fewer networks, and shares of nine subjects.
FEWER = {
    "base,Ra,Rb,Rc,Rd,Re,Rf": "base,Rf",
    "0,1,2,3,4": "0,1",
    "1,2,3,4": "1,2",
    "0,1,2": "0,1",
    "first:28": "first:8",
    "10%": "40%",
    "10%,40%,70%": "40%,70%",
}
SIZES = ("--subjects", "5", "--stimuli", "6", "--duration", "14")
OTHERS = ("deap", "amigos", "hku956", "table")
#: Five folds of whole subjects; there are no more than five conditions.
SIZES_OF = {"wesad": ("--subjects", "15", "--duration", "8")}
#: The options of gradcam that explain many trials.
MANY = ("--all", "--check")
WITH_BLOCKS = [page for page in PAGES if blocks(page, "bash", "python")]
RUN_HERE = [page for page in WITH_BLOCKS if name_of(page) not in ELSEWHERE]


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    """Defaults with which a network is trained in a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choices, "LENGTH", 96)
        patch.setattr(choices, "CHANNELS", (4, 4, 4, 4))
        patch.setattr(choices, "FOLDS", 3)
        patch.setattr("rtcan_cli.commands.train.TARGETS", ("arousal",))
        for name, recipe in RECIPES.items():
            patch.setitem(RECIPES, name, replace(recipe, epochs=1, batch_size=32))
        yield


@pytest.fixture(scope="module")
def raw(raw_pmemo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Raw files of each dataset."""
    simulated = (*OTHERS, "wesad", "case")  # these two have their lines on one page

    def make(folder: Path) -> None:
        for dataset in simulated:
            must("simulate", dataset, folder / dataset, *SIZES_OF.get(dataset, SIZES))

    folder = made_once("raw of pages", tmp_path_factory, make)
    return {"pmemo": raw_pmemo, **{name: folder / name for name in simulated}}


@pytest.fixture(scope="module")
def workspace(
    raw: dict[str, Path], prepared: Path, small: None, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Stores of all datasets, and a fused run on PMEmo. Not to be written to."""

    def make(stores: Path) -> None:
        shutil.copytree(prepared, stores)
        must("eda-features", "--dataset", "pmemo", "-w", stores, "--jobs", "1")
        must("train", "--dataset", "pmemo", "--fusion", "music", "-w", stores, "--jobs", "1")
        for dataset in OTHERS:
            must("ingest", dataset, raw[dataset], "-w", stores)
            must("relabel", "--dataset", dataset, "-w", stores)
            must("decompose", "--dataset", dataset, "-w", stores, "--jobs", "1")

    return made_once("stores of pages", tmp_path_factory, make)


@pytest.fixture
def here(
    workspace: Path, raw: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder in which the lines of a page are typed."""
    shutil.copytree(workspace, tmp_path / "rtcan-stores")
    shutil.copy(workspace / "pmemo/recordings.h5", tmp_path)
    shutil.copy(next(raw["pmemo"].rglob("*.mp3")), tmp_path / "song.mp3")
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "EDA.csv", [1_700_000_000, 4, *rng.normal(5, 1, 100)], fmt="%.6f")
    np.savetxt(tmp_path / "session.csv", rng.normal(5, 1, 1000), fmt="%.6f")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RTCAN_WORKSPACE", raising=False)
    return tmp_path


def adapt(words: list[str], raw: dict[str, Path]) -> list[str]:
    """Name what is there, and ask for less of it."""
    command, *rest = (FEWER.get(word, word) for word in words)
    if command == "ingest" and rest[0] in raw:
        rest[1] = str(raw[rest[0]])
    if command == "simulate" and "--subjects" not in rest:
        rest += SIZES_OF.get(rest[0], SIZES)
    if command == "contributions" or (command == "gradcam" and {*MANY} & {*rest}):
        if "--max-trials" in rest:
            at = rest.index("--max-trials")
            del rest[at : at + 2]
        rest += ["--max-trials", "6"]
    if command == "train":
        rest += ["--jobs", "1"]
    return [command, *(re.sub(r"^[\w+-]+-1a2b3c$", example, word) for word in rest)]


def example(match: re.Match[str]) -> str:
    """A run for a name that ends in the hash that the pages use as an example."""
    kind = "released-*" if match[0].startswith("released-") else "R*"
    runs = sorted(Path("rtcan-stores/pmemo/runs").glob(f"{kind}.h5"))
    return runs[0].stem


def checkpoints(raw: dict[str, Path]) -> None:
    """Files that look like those of the published code."""
    for name, dataset, n_music in (("pmemo_arousal", "pmemo", N_MUSIC), ("best", "deap", 0)):
        torch.save(published(dataset, n_music=n_music, seed=2).state_dict(), f"{name}.pt")


def raw_files(raw: dict[str, Path]) -> None:
    """The page for Python users starts from raw files, without stores."""
    shutil.rmtree("rtcan-stores")
    shutil.copytree(raw["pmemo"], "raw/pmemo")


def several_sizes(raw: dict[str, Path]) -> None:
    """Fig. 4 needs runs on several numbers of subjects."""
    shares = ("--subjects", "40%,70%,100%")
    must("train", "--dataset", "pmemo", "--model", "majority", *shares, "--jobs", "1")


#: What pages need in addition.
FIRST = {
    "docs/howto/released_checkpoint.md": checkpoints,
    "docs/howto/python.md": raw_files,
    "docs/howto/report.md": several_sizes,
}


def names_of(page: Path) -> dict[str, object]:
    """What a page's Python blocks take for granted."""
    if name_of(page) != "docs/eda_features.md":
        return {}
    time = np.arange(0, 20, 0.1)
    signals = {name: np.sin(time * k) for k, name in enumerate(("original", "tonic"), start=1)}
    sparse = np.where(np.arange(time.size) % 50 == 20, 1.0, 0.0)
    return {**signals, "phasic": sparse, "driver": sparse, "sampling_rate": 10.0}


@pytest.mark.long  # whole commands, as many as the pages have
@pytest.mark.parametrize("page", RUN_HERE, ids=name_of)
def test_the_blocks_of_a_page_run(
    page: Path, here: Path, raw: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    if name_of(page) in FIRST:
        FIRST[name_of(page)](raw)
    left_out = dict(NOT_RUN)
    if name_of(page) in PYTHON_ELSEWHERE:
        for block in blocks(page, "python"):
            left_out[block.text.partition("\n")[0]] = PYTHON_ELSEWHERE[name_of(page)]
    with without_drawing():
        run_page(page, left_out, monkeypatch, lambda words: adapt(words, raw), names_of(page))


def test_what_is_listed_is_there() -> None:
    every = [unit for page in WITH_BLOCKS for unit in units(page)]
    assert {listed(unit, NOT_RUN) for unit in every} - {None} == set(NOT_RUN)
    for page, test in (ELSEWHERE | PYTHON_ELSEWHERE).items():
        assert page in map(name_of, WITH_BLOCKS)
        assert Path(page).name in (Path(__file__).parent / test).read_text(encoding="utf-8")
