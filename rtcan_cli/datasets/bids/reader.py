"""A dataset in BIDS: ``sub-*/[ses-*/]<datatype>/*_physio.tsv.gz`` and the events of each run.

The trials of a run (`runs`) are the rows of ``*_events.tsv`` that name a stimulus (`events`); their
EDA is cut out of the one recording of the run that has EDA (`recordings`, `signals`). Times of both
count from the beginning of the run.

Source: Brain Imaging Data Structure 1.10, "Physiological recordings" and "Task events".
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from rtcan_cli.datasets.bids.description import original_names, read_description
from rtcan_cli.datasets.bids.events import Events, read_events
from rtcan_cli.datasets.bids.fields import BEFORE, PARTICIPANTS
from rtcan_cli.datasets.bids.lacking import no_eda, no_trials
from rtcan_cli.datasets.bids.recordings import EdaFile, find_eda
from rtcan_cli.datasets.bids.runs import Runs, find_runs
from rtcan_cli.datasets.bids.signals import Signals, common_kind
from rtcan_cli.datasets.bids.stimuli import find_stimuli
from rtcan_cli.datasets.bids.trials import (
    Hearing,
    check_names,
    drop_slips,
    find_hearings,
    rating_scale,
    ratings_of,
)
from rtcan_cli.datasets.files.listing import list_files, nothing_of
from rtcan_cli.datasets.formats.bids import DESCRIPTION
from rtcan_cli.datasets.polarity import SignalKind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.datasets.trials import (
    UNRATED,
    Excluded,
    Item,
    RawDataset,
    Trial,
    no_rating,
    with_recordings,
)
from rtcan_cli.errors import RtcanError, some

_DESCRIPTIONS = ("physio.json", "events.json")
_NOTE_UNRATED = f"No table of events has a column valence or arousal: {UNRATED}."


def open_raw(
    raw: Path, options: TableOptions | None = None, follow_links: bool = False
) -> RawDataset:
    """Open a dataset in BIDS.

    Parameters
    ----------
    raw : Path
        The folder with ``dataset_description.json``.
    options : TableOptions, optional
        Unit of recordings whose description has none, polarity, and the rating scale where the
        description of the events does not say it.
    follow_links : bool
        Whether links may lead out of the folder.

    Returns
    -------
    RawDataset
        One part a subject.

    Raises
    ------
    RtcanError
        If it is not such a dataset, has no trial, its ratings are on another scale, or a recording
        does not say the unit of its EDA.
    """
    options = options or TableOptions()
    raw = Path(os.path.abspath(raw))
    listing = list_files(raw, follow_links)
    if not (raw / DESCRIPTION).is_file():
        raise nothing_of(raw, DESCRIPTION, listing, "the folder of the dataset, unpacked")
    root = None if follow_links else Path(os.path.realpath(raw))
    about = read_description(raw, root)
    runs = find_runs(listing)
    original = original_names(raw, root)
    damaged: list[RtcanError] = []
    tables = _read_tables(runs, damaged)
    recordings = {run: tuple(find_eda(files, damaged)) for run, files in runs.recordings.items()}
    hearings = find_hearings(runs.events, tables, recordings, original)
    if not hearings:
        raise damaged[0] if damaged else no_trials(raw, listing, runs, tables)
    if not damaged and not any(recordings.values()):
        raise no_eda(raw, listing, runs)
    check_names(hearings)
    scale = rating_scale(tables.values(), options, raw)
    hearings, slips = drop_slips(hearings, scale, raw)
    if not hearings:
        raise slips[0]
    stimuli, absent = find_stimuli(hearings, raw, root)
    kind = common_kind(hearings, options)
    rated = any(table.has_ratings for table in tables.values())
    leads = sorted({each.event.before for each in hearings})
    subjects: dict[str, list[Hearing]] = {}
    for each in hearings:
        subjects.setdefault(each.subject, []).append(each)
    used = (
        *runs.events.values(),
        *(each.file for own in recordings.values() for each in own),
        *(file for file in listing if file.name.name.endswith(_DESCRIPTIONS)),
    )
    return RawDataset(
        name="bids",
        edition="BIDS dataset",
        files=_there([raw / DESCRIPTION, raw / PARTICIPANTS, *(file.path for file in used)]),
        stimuli=stimuli,
        parts=tuple(
            partial(_read_subject, tuple(each), options, kind, rated) for each in subjects.values()
        ),
        in_turn=False,
        damaged=(*damaged, *slips),
        simulated=about.simulated,
        notes=(
            *(() if rated else (_NOTE_UNRATED,)),
            *_notes(tables, recordings, hearings, leads),
            *filter(None, (absent, about.note)),
        ),
        kind=kind,
        rating_scale=scale,
        lead=leads[0] if len(leads) == 1 else 0.0,
        credit=about.credit,
    )


def _read_tables(runs: Runs, damaged: list[RtcanError]) -> dict[str, Events]:
    """What the events of each run say; tables and rows that are damaged are added to the list."""
    tables: dict[str, Events] = {}
    for run, file in runs.events.items():
        try:
            tables[run] = read_events(file)
        except RtcanError as error:
            damaged.append(error)
    damaged += [problem for table in tables.values() for problem in table.problems]
    return tables


def _there(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The files that are there, each once."""
    return tuple(path for path in dict.fromkeys(paths) if path.is_file())


def _notes(
    tables: Mapping[str, Events],
    recordings: Mapping[str, tuple[EdaFile, ...]],
    hearings: Sequence[Hearing],
    leads: Sequence[float],
) -> Iterator[str]:
    """What the user must know about how trials were found."""
    if leads[-1]:
        # Recordings keep what was before the stimulus; later steps leave it out.
        yield (
            f"recordings begin {'' if len(leads) == 1 else 'up to '}{leads[-1]:g} s before their "
            f"stimuli ({BEFORE}); train and eda-features leave out the first "
            f"{profile('bids').onset:g} s, or --onset {leads[-1]:g}"
        )
    if n_others := sum(table.n_others for table in tables.values()):
        yield f"{n_others} rows of events are not trials: they name no stimulus, or have no rating"
    used = {run for run, table in tables.items() if table.events}
    if unused := sorted(recordings.keys() - used):
        yield f"{len(unused)} runs with recordings but without trials: {some(unused)}"
    if n := sum(each.repetition > 1 and each.event.repetition is None for each in hearings):
        yield f"{n} trials are counted as repetitions, in the order of sessions, runs and onsets"


def _read_subject(
    hearings: tuple[Hearing, ...], options: TableOptions, kind: SignalKind | None, rated: bool
) -> list[Item]:
    """Trials of one subject, in the order of the events; `rated` is False where no trial is."""
    trials: dict[tuple[str, str, int], list[Hearing]] = {}
    for each in hearings:
        trials.setdefault(each.key, []).append(each)
    signals = Signals(options, kind)
    items: list[Item] = []
    for (subject, stimulus, repetition), parts in trials.items():
        valence, arousal = ratings_of(parts)
        if rated and (problem := no_rating(valence, arousal)):
            items.append(Excluded(subject, stimulus, problem, *parts[0].place, repetition))
            continue
        trial = Trial(subject, stimulus, valence, arousal, (), repetition)
        items += with_recordings(trial, ((signals.read(part), part.place) for part in parts))
    return items
