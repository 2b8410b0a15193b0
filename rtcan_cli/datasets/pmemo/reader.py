"""PMEmo: 457 subjects, 794 songs (Zhang et al., ICMR 2018), in either edition.

In the 2018 edition every subject listened to a song twice, once to rate its valence and once to
rate its arousal, and each hearing has a recording of its own. The 2019 edition has one recording,
and no ratings but each song's means.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from rtcan_cli.datasets.named_audio import unclaimed_audio
from rtcan_cli.datasets.pmemo import edition_2018 as pmemo_2018
from rtcan_cli.datasets.pmemo import edition_2019 as pmemo_2019
from rtcan_cli.datasets.published_folder import find_folder
from rtcan_cli.datasets.trials import RawDataset

_NOTE_BOTH = "PMEmo's 2019 edition is there as well; the 2018 edition is read, which has ratings."


def open_raw(raw: Path, follow_links: bool = False) -> RawDataset:
    """Open PMEmo; its files tell which edition it is.

    Parameters
    ----------
    raw : Path
        The folder that holds ``EDA``, a folder above it, or a zip file of it, which is read in
        place.
    follow_links : bool
        Whether links may lead out of the folder.

    Returns
    -------
    RawDataset
        One part a song.

    Raises
    ------
    RtcanError
        If neither edition is found, there is more than one copy, or names do not tell files,
        subjects or songs apart.
    """
    folder = find_folder(
        "pmemo",
        raw,
        (pmemo_2018.EDA_FILE, pmemo_2019.EDA_FILE),
        "PMEmo recordings (EDA/Arousal/1_100177_A.csv, ... or EDA/1_EDA.csv, ...)",
        follow_links,
    )
    edition = pmemo_2018 if folder.pattern is pmemo_2018.EDA_FILE else pmemo_2019
    dataset = edition.open_files(folder.files)
    return dataclasses.replace(
        dataset,
        notes=(*dataset.notes, *((_NOTE_BOTH,) if folder.has_others else ())),
        simulated=folder.simulated,
        damaged=(*dataset.damaged, *folder.damaged),
        unclaimed=unclaimed_audio(folder.files.values(), dataset.stimuli),
    )
