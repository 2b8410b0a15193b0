"""Keys of results do not change without another version."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pandas as pd
import pytest

from rtcan_cli.command_line import command_line
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.base import (
    SCHEMA_VERSION,
    Column,
    Note,
    Result,
    as_data,
    note_of,
    plain,
    table,
    value,
)
from rtcan_cli.results.schema import digest, every, schema

#: What `digest` gives for each version. If a key or a column changes, count up `SCHEMA_VERSION`
#: and add a line.
DIGESTS = {
    1: "bf91634a9ec0b461",
    2: "2a94903db3380944",
    3: "92abb556e498286f",
    4: "7bb54c97a4521e27",
    5: "79758612a1600c38",
}


def test_a_change_of_keys_comes_with_another_version() -> None:
    assert max(DIGESTS) == SCHEMA_VERSION
    assert digest() == DIGESTS[SCHEMA_VERSION], (
        "keys of results have changed: count up SCHEMA_VERSION in results/base.py, add the digest"
    )


def test_every_key_is_in_snake_case_and_described() -> None:
    for name, about in schema().items():
        assert about["command"], name
        for key, entry in about["fields"].items():
            assert key == key.lower()
            assert key.isidentifier()
            assert entry["meaning"], f"{name}.{key}"
            for column, each in entry.get("columns", {}).items():
                assert column == column.lower()
                assert column.isidentifier()
                assert each["meaning"], f"{name}.{key}.{column}"


def test_names_are_unique() -> None:
    names = [kind.__name__ for kind in every()]
    assert len(names) == len(set(names)) >= 20


@dataclass(frozen=True, kw_only=True)
class _Sample(Result):
    command = "sample"

    count: int = value("How many")
    rows: pd.DataFrame = table(
        "Some rows", {"name": Column("text", "Who"), "x": Column("number", "?")}
    )
    inner: tuple[Note, ...] = field(default=())


def test_data_are_plain_json_types() -> None:
    rows = pd.DataFrame({"name": ["a", "b"], "x": [0.5, float("nan")]})
    data = as_data(_Sample(count=2, rows=rows, notes=(Note("kind", "text", "rtcan info"),)))
    assert data["schema_version"] == SCHEMA_VERSION
    assert (data["command"], data["result"]) == ("sample", "_Sample")
    assert data["rows"] == [{"name": "a", "x": 0.5}, {"name": "b", "x": None}]
    assert data["notes"] == [{"kind": "kind", "text": "text", "command": "rtcan info"}]


def test_other_columns_than_declared_are_refused() -> None:
    rows = pd.DataFrame({"name": ["a"], "x": [1.0]})
    with pytest.raises(ValueError, match="declared are"):
        _Sample(count=1, rows=rows.rename(columns={"x": "y"}))
    sample = _Sample(count=1, rows=rows)
    assert [each.name for each in fields(sample)] == ["notes", "files", "count", "rows", "inner"]
    with pytest.raises(ValueError, match=r"_Sample\.rows"):
        replace(sample, rows=rows.assign(more=1))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (pd.NA, None),
        (pd.NaT, None),
        (float("inf"), None),
        (np.int64(3), 3),
        (np.array([1.5, np.nan]), [1.5, None]),
        (pd.Timestamp("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
        (pd.DataFrame({"n": pd.array([1, None], dtype="Int64")}), [{"n": 1}, {"n": None}]),
    ],
)
def test_what_pandas_and_numpy_hold_becomes_json(found: object, expected: object) -> None:
    shown = plain(found)
    assert shown == expected
    json.dumps(shown, allow_nan=False)


def test_a_note_holds_a_line_that_can_be_typed_and_never_words() -> None:
    line = command_line("train", dataset="pmemo", name="my run")
    of_line = note_of(RtcanError("no run", line), "not_shown", "Fig. 4 is not shown: no run")
    assert of_line == Note("not_shown", "Fig. 4 is not shown: no run", line)
    of_words = note_of(RtcanError("no run", f"{line}, or another"), "not_shown", "no run")
    assert of_words == Note("not_shown", f"no run; try: {line}, or another")
    assert note_of(RtcanError("no run"), "not_shown", "no run") == Note("not_shown", "no run")
