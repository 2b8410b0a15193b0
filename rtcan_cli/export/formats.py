"""Write a graph as ONNX or TorchScript, and ask the written file for its answers."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from rtcan_cli.errors import RtcanError
from rtcan_cli.export.graph import Graph
from rtcan_cli.extras import EXPORTS, require

#: Name of the output of an ONNX file.
OUTPUT = "p_high"
#: Name of the facts inside a TorchScript file.
METADATA = "metadata.json"
_EXAMPLES = 2  # PyTorch takes a batch of one for a constant


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Parameters
    ----------
    title : str
        What it is called.
    packages : tuple of str
        What is needed beyond rtcan's own dependencies.
    write : callable
        Called with a graph, facts (text to text) and the path of the new file.
    answer : callable
        Called with the path and inputs, each an array (n, ...) in the order of the graph; returns
        P(high) (n,) as the file's own runtime computes it.
    """

    title: str
    packages: tuple[str, ...]
    write: Callable[[Graph, Mapping[str, str], Path], None]
    answer: Callable[[Path, Sequence[NDArray[np.float32]]], NDArray[np.float32]]

    def require(self) -> None:
        """Raise RtcanError if a package is missing."""
        require(self.title, *self.packages)


def write_onnx(graph: Graph, facts: Mapping[str, str], path: Path) -> None:
    """Write an ONNX file; its batch is of any size.

    Raises
    ------
    RtcanError
        If PyTorch cannot export the graph.
    """
    batch = torch.export.Dim("batch", min=1)
    with _exporting(f"ONNX ({torch.__version__})"):
        program = torch.onnx.export(
            graph,
            _examples(graph),
            dynamo=True,
            input_names=list(graph.shapes),
            output_names=[OUTPUT],
            dynamic_shapes=tuple({0: batch} for _ in graph.shapes),
            verbose=False,
        )
        assert program is not None
        program.model.metadata_props.update(facts)
        program.model.doc_string = facts.get("about", "")
        program.save(path)


def ask_onnx(path: Path, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """P(high) (n,) as an ONNX file answers."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    (answer,) = session.run(None, dict(zip(names, inputs, strict=True)))
    return np.asarray(answer)


def write_torchscript(graph: Graph, facts: Mapping[str, str], path: Path) -> None:
    """Write a TorchScript file; its batch is of any size.

    PyTorch has deprecated TorchScript, but still writes it.

    Raises
    ------
    RtcanError
        If this PyTorch does not write it any more.
    """
    with _exporting("TorchScript"):
        traced = torch.jit.trace(graph, _examples(graph), check_trace=False)
        # Not to the path at once: the name of the file would be in it.
        content = io.BytesIO()
        torch.jit.save(traced, content, _extra_files={METADATA: json.dumps(dict(facts))})
    path.write_bytes(content.getvalue())


def ask_torchscript(path: Path, inputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """P(high) (n,) as a TorchScript file answers."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)
        loaded = torch.jit.load(str(path), map_location="cpu")
        return np.asarray(loaded(*map(torch.from_numpy, inputs)).numpy())


FORMATS = {
    "onnx": Format("ONNX", EXPORTS["onnx"], write_onnx, ask_onnx),
    "torchscript": Format(
        "TorchScript", EXPORTS["torchscript"], write_torchscript, ask_torchscript
    ),
}


def _examples(graph: Graph) -> tuple[torch.Tensor, ...]:
    return tuple(map(torch.from_numpy, graph.examples(_EXAMPLES, seed=0)))


@contextmanager
def _exporting(what: str) -> Iterator[None]:
    """Keep what exporters have to say to their developers from the user; turn errors into one."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    except OSError:
        raise  # a full disk and the like speak for themselves
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise RtcanError(
            f"PyTorch {torch.__version__} cannot export this network as {what}: {reason}"
        ) from error
    finally:
        logger.setLevel(level)
