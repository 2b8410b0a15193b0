"""The excerpt in ``examples/data`` is what its script makes of the publisher's files."""

from __future__ import annotations

import runpy
import zipfile
from pathlib import Path

from tests.real_listeners import EXCERPT


def test_packed_again_it_is_the_same(tmp_path: Path) -> None:
    script = runpy.run_path(str(EXCERPT.with_name("pack_hku956.py")))
    with zipfile.ZipFile(EXCERPT) as packed:
        packed.extractall(tmp_path)
        was = [(each.filename, each.CRC, each.date_time) for each in packed.infolist()]
    folder = tmp_path / "HKU956"
    # As in the whole archive, where there are more listeners and other signals.
    signals = folder / "1. physiological_signals"
    for place in (signals / "hku1903" / "BVP", signals / "hku1999" / "EDA"):
        place.mkdir(parents=True)
        (place / "0_7.csv").write_text("1\n")
    with (folder / "3. AV_ratings.csv").open("a") as table:
        table.write("hku1999,0,7,1,positive,1,positive,30\n")
    again = tmp_path / "again.zip"
    script["pack"](script["content"](folder), again)
    with zipfile.ZipFile(again) as packed:
        assert [(each.filename, each.CRC, each.date_time) for each in packed.infolist()] == was
    assert was == sorted(was)
    assert len(was) == 808 + 4
