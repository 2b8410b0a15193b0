"""The notebooks run, use public names only, and are committed without outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "examples/notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
of_each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def source(path: Path, kind: str) -> str:
    return "\n".join("".join(cell["source"]) for cell in cells(path, kind))


def test_there_are_three() -> None:
    names = [path.name for path in NOTEBOOKS]
    assert names == ["deap_to_tables.ipynb", "own_data_to_report.ipynb", "python_api.ipynb"]


@of_each
def test_the_documentation_shows_it(path: Path) -> None:
    navigation = (FOLDER.parents[1] / "mkdocs.yml").read_text(encoding="utf-8")
    assert f": notebooks/{path.name}\n" in navigation


@of_each
def test_no_outputs_are_committed(path: Path) -> None:
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}


@of_each
def test_public_names_only(path: Path) -> None:
    imported = re.findall(r"(?:from|import) (rtcan_cli[\w.]*)", source(path, "code"))
    assert set(imported) == {"rtcan_cli.api"}


@of_each
def test_the_text_says_whether_the_data_are_simulated(path: Path) -> None:
    text = source(path, "markdown")
    simulates = 'rtcan("simulate' in source(path, "code")
    assert ("here are simulated" if simulates else "**real** recordings") in text


@pytest.mark.long
@of_each
def test_the_cells_run(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parents[1]))
    # tqdm would like a library for bars in notebooks. There are none in these.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:IProgress not found")
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=None, resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    shown = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    assert not [output for output in shown if output.output_type == "error"]
    # A warning on standard error would stand in the documentation.
    assert not [output for output in shown if output.get("name") == "stderr"]
    assert any(output.output_type in ("execute_result", "display_data") for output in shown)
    assert not list(tmp_path.glob("rtcan-*"))  # the folder of the notebook
