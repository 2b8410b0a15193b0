"""Lines that make stores again: typed once more, they ask for the same."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from rtcan_cli.choices import Polarity
from rtcan_cli.datasets.polarity import signal_kind
from rtcan_cli.steps.repeat import commands_of, line_again
from rtcan_cli.stores import Provenance, Store, Workspace
from tests.commands.printed import read
from tests.conftest import must


def made(command: str, dataset: str = "pmemo", **parameters: Any) -> Provenance:
    return Provenance(command, dataset, parameters, {}, False)


def words(kind: str, store: Provenance, root: Path) -> list[str]:
    folder = root / store.dataset
    folder.mkdir()
    (folder / "recordings.h5").touch()  # else that line comes first
    line = line_again(folder / f"{kind}.h5", kind, store)
    found = shlex.split(line)[1:]
    read(found)
    return found


@pytest.mark.parametrize(
    ("kind", "store", "expected"),
    [
        (
            "recordings",
            made("ingest", raw="/a raw", max_gap=0.5, skip_bad=True, eda_unit="uS"),
            ["ingest", "pmemo", "/a raw", "--skip-bad", "--max-gap", "0.5"],
        ),
        (
            "recordings",
            made("ingest", "table", raw="r", rating_scale=[-10.0, 10.0], decimal=",", unit="nS"),
            ["ingest", "table", "r", "--rating-scale", "-10", "10", "--decimal", ",", "--unit"],
        ),
        (
            "recordings",
            made("ingest", "wesad", raw="r", device="chest", keep_artefacts=True),
            ["ingest", "wesad", "r", "--device", "chest", "--keep-artefacts"],
        ),
        ("components", made("decompose", decomposition="median", window=8), ["--method", "median"]),
        ("components", made("decompose", alpha=8e-4, rate=16), ["--rate", "16", "--alpha"]),
        ("features", made("eda-features", window="first:30", within_subject=True), ["--window"]),
        ("music", made("music-features", imported="static.csv"), ["--import", "static.csv"]),
    ],
)
def test_options_that_were_given_are_in_the_line(
    kind: str, store: Provenance, expected: list[str], tmp_path: Path
) -> None:
    found = words(kind, store, tmp_path)
    at = found.index(expected[0])
    assert found[at : at + len(expected)] == expected
    if kind == "components" and store.parameters.get("decomposition") == "median":
        assert "--window" not in found
    if kind == "features":
        assert "--within-subject" in found


@pytest.mark.parametrize("stated", [None, "conductance", "resistance", "as-is"])
@pytest.mark.parametrize("unit", ["uS", "Ohm", "a.u."])
def test_the_polarity_is_said_again_where_it_changes_something(
    unit: str, stated: Polarity | None, tmp_path: Path
) -> None:
    if stated in ("conductance", "resistance") and unit != "a.u.":
        return  # refused, or what the unit says anyway
    kind = signal_kind(unit, stated)
    found = words("recordings", made("ingest", raw="r", **kind.parameters), tmp_path)
    again = found[found.index("--polarity") + 1] if "--polarity" in found else None
    assert signal_kind(unit, again) == kind  # type: ignore[arg-type]


@pytest.mark.long
@pytest.mark.usefixtures("undrawn")
def test_all_lines_in_their_order_make_the_same_stores(prepared: Path, tmp_path: Path) -> None:
    stores = Workspace(prepared)
    lines = commands_of(stores, ["pmemo"], [])
    assert [line.split()[1] for line in lines] == [
        *("ingest", "relabel", "decompose", "music-features")
    ]
    for line in lines:
        typed = shlex.split(line)[1:]
        typed[typed.index("--workspace") + 1] = str(tmp_path)
        must(*typed)
    for kind in ("recordings", "labels", "components", "music"):
        with (
            Store(stores.store("pmemo", kind)) as one,
            Store(Workspace(tmp_path).store("pmemo", kind)) as other,
        ):
            assert one.content_id == other.content_id
