"""Learning curves as event files of TensorBoard, which grow while networks train."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtcan_cli.errors import RtcanError
from rtcan_cli.extras import require
from rtcan_cli.files.links import folder_below, part_of_name
from rtcan_cli.steps.training.curves import Curve

#: Names of the scalars, so that TensorBoard draws both losses in one group.
TAGS = {
    "train_loss": "loss/train",
    "validation_loss": "loss/validation",
    "validation_accuracy": "accuracy/validation",
}


class EventFiles:
    """A folder with event files for each network, see `opened`."""

    def __init__(self, root: Path, writer: Any) -> None:
        self._root, self._new_writer = root, writer
        self._open: dict[Path, Any] = {}

    @classmethod
    @contextmanager
    def opened(cls, root: Path) -> Iterator[EventFiles]:
        """Write event files below a folder while the body runs.

        Raises
        ------
        RtcanError
            If TensorBoard is not installed, or there is no such folder and none can be made.
        """
        require("--tensorboard", "torch", "tensorboard")
        from torch.utils.tensorboard import SummaryWriter

        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RtcanError(f"{root}: {error.strerror or error}", "another folder") from error
        files = cls(root, SummaryWriter)
        try:
            yield files
        finally:
            for writer in files._open.values():
                writer.close()

    def take(self, curve: Curve, known: int) -> None:
        """Write the epochs of a curve; all of them if it is new here.

        What an earlier process wrote is replaced: the new file says that it begins again from the
        first epoch, and TensorBoard then leaves older events out.
        """
        folder = folder_below(self._root, *_names(curve))
        if folder not in self._open:
            self._open[folder] = self._new_writer(str(folder), purge_step=1)
            known = 0
        writer = self._open[folder]
        for name, tag in TAGS.items():
            for k in range(known, curve.n_epochs):
                writer.add_scalar(tag, float(curve.history[name][k]), k + 1)
        writer.flush()
        if curve.done:
            self._open.pop(folder).close()


def _names(curve: Curve) -> Iterator[str]:
    """Folders of a network below the root, which TensorBoard shows as its name."""
    if curve.simulated:
        yield "simulated"
    yield curve.dataset
    yield part_of_name(curve.run)
    candidate = f"-candidate-{curve.candidate}" if curve.n_candidates > 1 else ""
    yield f"{curve.target}-fold-{curve.fold}{candidate}"
