"""Make hku956.zip: EDA and ratings of 24 listeners, out of the publisher's archive of HKU956.

Usage: python examples/data/pack_hku956.py FOLDER [ZIP]

FOLDER is the unpacked archive, with "3. AV_ratings.csv" in it. The same files give the same zip.
Six listeners are left out, so that they can serve as a blind test.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

NUMBERS = [*range(3, 11), 12, 13, *range(16, 27), 28, 30, 31]
LISTENERS = [f"hku19{number:02d}" for number in NUMBERS]
RATINGS = "3. AV_ratings.csv"
WHOLE = ("README", "2. original_song_audio.csv")
LICENCE = "LICENSE-HKU956.md"


def content(folder: Path) -> dict[str, bytes]:
    """All files of the zip, by their names below the publisher's folder."""
    files = {name: (folder / name).read_bytes() for name in WHOLE}
    files[LICENCE] = Path(__file__).with_name(LICENCE).read_bytes()
    header, *rows = (folder / RATINGS).read_bytes().splitlines(keepends=True)
    kept = [row for row in rows if row.decode().partition(",")[0] in LISTENERS]
    files[RATINGS] = b"".join([header, *kept])
    for listener in LISTENERS:
        for path in folder.glob(f"1. physiological*signals/{listener}/EDA/*.csv"):
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def pack(files: dict[str, bytes], target: Path) -> None:
    """Write the zip, with one date for all files, and in the order of their names."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name in sorted(files):
            member = zipfile.ZipInfo(f"HKU956/{name}")
            member.create_system, member.external_attr = 3, 0o644 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, files[name])


if __name__ == "__main__":
    target = sys.argv[2] if len(sys.argv) > 2 else Path(__file__).with_name("hku956.zip")
    pack(content(Path(sys.argv[1])), Path(target))
