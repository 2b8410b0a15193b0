"""What is on disk. Only this package opens HDF5 files."""

from rtcan_cli.stores.provenance import Provenance, music_set
from rtcan_cli.stores.store import Store
from rtcan_cli.stores.work.partial import Partial
from rtcan_cli.stores.workspace import Step, Workspace
from rtcan_cli.stores.writer import StoreWriter, check_replaceable, create

__all__ = [
    "Partial",
    "Provenance",
    "Step",
    "Store",
    "StoreWriter",
    "Workspace",
    "check_replaceable",
    "create",
    "music_set",
]
