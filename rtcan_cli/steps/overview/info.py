"""What a store holds and where it came from, and whether stores hold what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rtcan_cli import console
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.polarity import stored_kind, told
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.overview.store import ARRAY_COLUMNS, DATASET_COLUMNS, StoreContent, Training
from rtcan_cli.results.overview.verification import STORE_COLUMNS, Verification
from rtcan_cli.stores import Store, Workspace, music_set


def store_content(path: Path) -> StoreContent:
    """Where one store came from, and its datasets with shape, type and unit."""
    with Store(path) as store:
        made = store.provenance
        eda = told(made.parameters) or made.eda
        kind = stored_kind(eda) if eda else None
        fields = {field.path: field for field in store.schema.fields}
        rows = []
        groups = Counter[str]()
        for name, (shape, dtype, unit) in store.datasets().items():
            if name in fields:
                lengths = ",".join(map(str, shape))
                rows.append((name, lengths, dtype, unit, fields[name].meaning))
            else:
                groups[name.rpartition("/")[0]] += 1
        return StoreContent(
            path=str(path),
            kind=store.schema.kind,
            holds=store.schema.meaning,
            dataset=made.dataset,
            simulated=made.simulated,
            made_by=made.command,
            version=store.package_version,
            created=store.created,
            content_id=store.content_id,
            n_bytes=path.stat().st_size,
            eda_unit=kind.unit if kind else None,
            eda_polarity=kind.polarity if kind else None,
            music=_music(store),
            training=_training(store) if store.schema.kind == "run" else None,
            inputs=dict(made.inputs),
            parameters=dict(made.parameters),
            datasets=pd.DataFrame(rows, columns=list(DATASET_COLUMNS)),
            arrays=pd.DataFrame(groups.items(), columns=list(ARRAY_COLUMNS)),
        )


def _music(store: Store) -> str | None:
    """What songs are described by, of a music store or a run that hears music."""
    made = store.provenance
    return music_set(made.parameters) if store.schema.kind == "music" else made.music or None


def _training(store: Store) -> Training | None:
    """Where and with what the networks of a run were trained; None if they were imported."""
    models = store.table("models")
    trained = models[models["hardware"] != ""]
    if trained.empty:
        return None
    return Training(
        n_networks=len(trained),
        places=tuple(sorted(set(trained["device"] + ": " + trained["hardware"]))),
        software=tuple(sorted(set(trained["software"]))),
        threads=tuple(sorted({int(n) for n in trained["threads"]})),
        device_seconds=float(trained["seconds"].sum()),
        cpu_seconds=float(trained["cpu_seconds"].sum()),
    )


def verify_stores(paths: Sequence[Path]) -> Verification:
    """Read all of some stores, and compare what is in them with their content ids.

    Raises
    ------
    RtcanError
        If there is none, or some are damaged: each is named with what is wrong. The others are
        read all the same.
    """
    if not paths:
        raise RtcanError("there is no store to verify", command_line("ingest", "DATASET", "RAW"))
    rows, damaged = [], []
    with console.progress(len(paths), "verifying", "store") as bar:
        for path in paths:
            try:
                with Store(path) as store:
                    store.verify()
                    n_bytes = path.stat().st_size
                    rows.append((str(path), store.schema.kind, n_bytes, store.content_id))
            except RtcanError as error:
                damaged.append(error)
            bar.update()
    if damaged:
        raise RtcanError(
            f"{len(damaged)} of {len(paths)} stores cannot be read as they were written: "
            + "; ".join(map(str, damaged)),
            damaged[0].hint,
        )
    return Verification(stores=pd.DataFrame(rows, columns=list(STORE_COLUMNS)))


def stores_of(root: Path) -> list[Path]:
    """All stores of a workspace, whatever their names, runs included."""
    return Workspace(root).files("*/*.h5", "*/runs/*.h5")
