from __future__ import annotations

import pytest

from rtcan_cli import console


def test_names_between_colons_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    console.fail("a:smile:b.csv has no h:m:s clock [red]", "rename a:smile:b.csv")
    assert capsys.readouterr().err == (
        "error: a:smile:b.csv has no h:m:s clock [red]\n  try: rename a:smile:b.csv\n"
    )
