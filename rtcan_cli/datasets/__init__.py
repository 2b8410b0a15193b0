"""From raw files, the publishers' or a lab's own, to trials."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:
    from rtcan_cli.choices import Device
    from rtcan_cli.datasets.table.options import TableOptions
    from rtcan_cli.datasets.trials import RawDataset


def open_raw(
    name: str,
    raw: Path,
    table: TableOptions | None = None,
    follow_links: bool = False,
    audio: Path | None = None,
    device: Device | None = None,
) -> RawDataset:
    """Open a dataset's raw files.

    Parameters
    ----------
    name : str
        Of :data:`rtcan_cli.datasets.profiles.PROFILES`.
    raw : Path
        The publisher's folder, a folder above it, or the publisher's zip file; for ``"table"`` the
        folder with ``trials.csv``, or one above it; for ``"bids"`` that of the dataset.
    table : TableOptions, optional
        What a table of trials does not say itself; for ``"table"`` and ``"bids"`` only.
    follow_links : bool
        Whether symbolic links in the folder may lead out of it. If not, one that does is refused.
    audio : Path, optional
        Folder or zip file with the songs, for a dataset that comes without: ``"hku956"`` only.
    device : {"wrist", "chest"}, optional
        Whose EDA is read, by default that of the wrist: ``"wesad"`` only.

    Returns
    -------
    RawDataset

    Raises
    ------
    RtcanError
        If there is no such dataset, or its files are not there or damaged.
    """
    name = profile(name).name
    raw = Path(raw).expanduser()
    dataset: RawDataset
    if audio is not None and name != "hku956":
        raise RtcanError("--audio: only for hku956, which comes without its songs")
    if device is not None and name != "wesad":
        raise RtcanError("--device: only for wesad, whose subjects wore two")
    if profile(name).own:
        own = import_module(f"rtcan_cli.datasets.{name}.reader")
        dataset = own.open_raw(raw, table, follow_links)
        return dataset
    if table is not None:
        raise RtcanError(f"{name} has its own rating scale and unit", hint="leave the options out")
    given = {"audio": audio, "device": device}
    extra = {option: value for option, value in given.items() if value is not None}
    reader = import_module(f"rtcan_cli.datasets.{name}.reader")
    dataset = reader.open_raw(raw, follow_links, **extra)
    return dataset
