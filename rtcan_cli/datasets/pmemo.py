"""PMEmo: 457 subjects, 794 songs (Zhang et al., ICMR 2018), in either edition.

In the 2018 edition every subject listened to a song twice, once to rate its valence and once to
rate its arousal, and each hearing has a recording of its own. The 2019 edition has one recording,
and no ratings but each song's means.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path, PurePosixPath

from rtcan_cli.datasets import pmemo_2018, pmemo_2019
from rtcan_cli.datasets.files import find_files, read_marker
from rtcan_cli.datasets.trials import RawDataset
from rtcan_cli.errors import RtcanError

_NOTE_ZIP = (
    "The songs are inside a zip file: unpack it and name the folder if music features are wanted."
)
_NOTE_BOTH = "PMEmo's 2019 edition is there as well; the 2018 edition is read, which has ratings."


def open_raw(raw: Path) -> RawDataset:
    """Open PMEmo; its files tell which edition it is.

    Parameters
    ----------
    raw : Path
        The folder that holds ``EDA``, a folder above it, or a zip file of it, which is read in
        place.

    Returns
    -------
    RawDataset
        One batch a song.

    Raises
    ------
    RtcanError
        If neither edition is found, or a table is damaged.
    """
    found, listing = find_files(
        raw,
        lambda each: bool(
            pmemo_2018.EDA_FILE.fullmatch(str(each.name))
            or pmemo_2019.EDA_FILE.fullmatch(str(each.name))
        ),
        "PMEmo recordings (EDA/Arousal/1_100177_A.csv, ... or EDA/1_EDA.csv, ...)",
    )
    edition = (
        pmemo_2018
        if any(pmemo_2018.EDA_FILE.fullmatch(str(each.name)) for each in found)
        else pmemo_2019
    )
    matches = [(each, edition.EDA_FILE.fullmatch(str(each.name))) for each in found]
    roots = {PurePosixPath(match["root"] or "") for _, match in matches if match}
    if len(roots) > 1:
        raise RtcanError(
            f"{raw} holds PMEmo more than once: in {', '.join(sorted(map(str, roots)))}",
            hint="name the one folder that is to be read",
        )
    root = roots.pop()
    files = {
        str(each.name.relative_to(root)).lower(): each
        for each in listing
        if root in each.name.parents
    }
    dataset = edition.open_files(files)
    used = next(each for each, match in matches if match)
    notes = dataset.notes
    if not all(match for _, match in matches):
        notes += (_NOTE_BOTH,)
    stimuli = dataset.stimuli
    if used.archive is not None and any(each.audio for each in stimuli):
        stimuli = tuple(dataclasses.replace(each, audio="") for each in stimuli)
        notes += (_NOTE_ZIP,)
    simulated = read_marker("pmemo", used, listing, raw) is not None
    return dataclasses.replace(dataset, stimuli=stimuli, notes=notes, simulated=simulated)
