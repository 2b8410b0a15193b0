"""What was left out of a recordings store, by reason."""

from __future__ import annotations

import pandas as pd

from rtcan_cli.errors import some
from rtcan_cli.views.parts import Table

_FEW_SUBJECTS = 6


def left_out_table(left_out: pd.DataFrame) -> list[Table]:
    """Reasons with their subjects, as far as these fit; no table where there are none."""
    rows = [
        [reason, n, some(subjects.split(", "), _FEW_SUBJECTS), example]
        for reason, n, subjects, example in left_out.to_numpy(dtype=object).tolist()
    ]
    return [Table("Left out", ["reason", "count", "subjects", "for example"], rows)] if rows else []
