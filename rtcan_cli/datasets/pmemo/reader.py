"""PMEmo: 457 subjects, 794 songs (Zhang et al., ICMR 2018), in either edition.

In the 2018 edition every subject listened to a song twice, once to rate its valence and once to
rate its arousal, and each hearing has a recording of its own. The 2019 edition has one recording,
and no ratings but each song's means.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from rtcan_cli.datasets.files.raw import RawFile, find_files, regular_only
from rtcan_cli.datasets.pmemo import edition_2018 as pmemo_2018
from rtcan_cli.datasets.pmemo import edition_2019 as pmemo_2019
from rtcan_cli.datasets.pmemo.songs import unclaimed_songs
from rtcan_cli.datasets.simulation_marker import read_marker
from rtcan_cli.datasets.trials import RawDataset
from rtcan_cli.errors import RtcanError

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
    found, listing = find_files(
        raw,
        lambda each: bool(
            pmemo_2018.EDA_FILE.fullmatch(str(each.name))
            or pmemo_2019.EDA_FILE.fullmatch(str(each.name))
        ),
        "PMEmo recordings (EDA/Arousal/1_100177_A.csv, ... or EDA/1_EDA.csv, ...)",
        follow_links,
    )
    names = [str(each.name) for each in found]
    edition = pmemo_2018 if any(map(pmemo_2018.EDA_FILE.fullmatch, names)) else pmemo_2019
    matches = [edition.EDA_FILE.fullmatch(name) for name in names]
    roots = {match["root"] or "" for match in matches if match}
    if len(roots) > 1:
        raise RtcanError(
            f"{raw} holds PMEmo more than once: in {', '.join(sorted(roots))}",
            hint="name the one folder that is to be read",
        )
    root = roots.pop()
    below = [each for each in listing if str(each.name).startswith(f"{root}/" if root else "")]
    regular, odd = regular_only(below)
    files = _by_name(root, regular)
    dataset = edition.open_files(files)
    used = next(each for each, match in zip(found, matches, strict=True) if match)
    notes = dataset.notes
    if not all(matches):
        notes += (_NOTE_BOTH,)
    simulated = read_marker("pmemo", used, listing, raw) is not None
    damaged = (*dataset.damaged, *odd)
    return dataclasses.replace(
        dataset,
        notes=notes,
        simulated=simulated,
        damaged=damaged,
        unclaimed=unclaimed_songs(files, dataset.stimuli),
    )


def _by_name(root: str, regular: list[RawFile]) -> dict[str, RawFile]:
    """Files by lower-case name: unpacking programs and copies change the case of folders."""
    files: dict[str, RawFile] = {}
    for each in regular:
        name = str(each.name)[len(root) :].lstrip("/")
        other = files.setdefault(name.lower(), each)
        if other is not each and name.lower().endswith(".csv"):
            raise RtcanError(
                f"{other} and {each} differ in upper and lower case only",
                hint="keep the one that is right",
            )
    return files
