"""Names of files, columns and fields that the writer and the reader of BIDS share."""

from __future__ import annotations

PARTICIPANTS = "participants.tsv"

EVENTS = "events.tsv"
"""How names of tables of events end."""

# What follows is not part of the standard, which allows further columns and fields.

BEFORE = "recorded_before"
"""Column of events: seconds before the onset that belong to the recording of the trial."""

REPAIRED = "interpolated"
"""Column of recordings: the samples that were repaired before the export."""

POLARITY, NO_OFFSET = "Polarity", "OffsetRemoved"
"""What a description says of EDA beside its unit: what it is, and whether its offset is lost."""

ORIGINAL_ID = "original_id"
"""Column of participants: the name of the subject where the data come from."""
