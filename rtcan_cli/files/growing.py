"""A text file that another program is still writing to."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli.errors import RtcanError

#: Text; other formats cannot be read before they are finished.
ENDINGS = (".csv", ".tsv", ".txt")
_BLOCK = 1 << 22


class GrowingFile:
    """The complete lines of a file that grows, in a copy that only `update` changes.

    Parameters
    ----------
    path : Path
        One of `ENDINGS`; it may have no lines yet.
    folder : Path
        Where the copy is made, under the same name.

    Attributes
    ----------
    copy : Path
        The copy: whole lines, as of the last `update`.
    lines : int
        How many there are.

    Raises
    ------
    RtcanError
        If the file does not exist or is not text.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        if path.suffix.lower() not in ENDINGS:
            raise RtcanError(
                f"{path}: only text can be read while it is written",
                f"a file whose name ends in {', '.join(ENDINGS)}",
            )
        if not path.is_file():
            raise RtcanError(f"{path} {'is not a file' if path.exists() else 'does not exist'}")
        self.path, self.copy, self.lines = path, folder / path.name, 0
        self._taken = 0
        self.copy.write_bytes(b"")

    def update(self) -> bool:
        """Add lines that are complete by now to the copy; whether there are any.

        Raises
        ------
        RtcanError
            If the file is shorter than before: it was replaced.
        """
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            if size < self._taken:
                raise RtcanError(
                    f"{self.path} is shorter than before: it was replaced or cut",
                    "the same command again, which starts from its beginning",
                )
            file.seek(self._taken)
            before = self.lines
            with self.copy.open("ab") as copy:
                rest = b""
                while block := file.read(_BLOCK):
                    block = rest + block
                    end = block.rfind(b"\n") + 1
                    copy.write(block[:end])
                    self._taken += end
                    self.lines += block.count(b"\n", 0, end)
                    rest = block[end:]
        return self.lines > before
