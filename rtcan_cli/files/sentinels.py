"""Numbers that programs write into files for a missing value."""

from __future__ import annotations

SENTINELS = (
    *(-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0),
    *(99.0, 999.0, 9999.0, 99999.0, 32767.0, -32768.0, 65535.0),
)
"""The usual ones, the last ones at the limits of 16 bits; zero is another."""
