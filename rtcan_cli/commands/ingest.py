"""`rtcan ingest`: raw files, the publisher's or a lab's own -> recordings.h5."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rtcan_cli import choices
from rtcan_cli.commands.shell import complete, options
from rtcan_cli.datasets.profiles import profile

if TYPE_CHECKING:
    from rtcan_cli.results.data.ingest import Ingested

_TABLE = profile("table")
_LIMITS = {
    "min_eda": choices.MIN_EDA,
    "max_eda": choices.MAX_EDA,
    "max_slope": choices.MAX_SLOPE,
}


def ingest(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            autocompletion=complete.known,
            help=f"{options.DATASETS}; table is a folder of your own recordings, bids "
            "a BIDS dataset.",
            show_default=False,
        ),
    ],
    raw: Annotated[
        Path,
        typer.Argument(
            metavar="RAW",
            help="Folder with the published files, the published zip file, or the folder "
            "that contains your trials.csv.",
            show_default=False,
        ),
    ],
    max_gap: Annotated[
        float,
        typer.Option(help="Longest gap that is repaired by linear interpolation, in seconds."),
    ] = choices.MAX_GAP,
    max_missing: Annotated[
        float, typer.Option(help="Largest share of missing samples, repaired or not.")
    ] = choices.MAX_MISSING,
    max_flat: Annotated[
        float, typer.Option(help="Largest share of samples in sections that never change.")
    ] = choices.MAX_FLAT,
    max_clipped: Annotated[
        float, typer.Option(help="Largest share of samples at a limit of the sensor.")
    ] = choices.MAX_CLIPPED,
    max_jitter: Annotated[
        float,
        typer.Option(
            help="Largest spread of the intervals between sampling times, relative to their median."
        ),
    ] = choices.MAX_JITTER,
    min_duration: Annotated[
        float, typer.Option(help="Shortest recording, in seconds.")
    ] = choices.MIN_DURATION,
    min_eda: Annotated[
        float,
        typer.Option(
            help="Lowest plausible skin conductance, in microsiemens; samples below count as "
            "missing. Only for EDA in microsiemens with its offset."
        ),
    ] = choices.MIN_EDA,
    max_eda: Annotated[
        float, typer.Option(help="Highest plausible skin conductance, likewise.")
    ] = choices.MAX_EDA,
    max_slope: Annotated[
        float,
        typer.Option(
            help="Largest plausible change of skin conductance, in microsiemens per second; "
            "likewise."
        ),
    ] = choices.MAX_SLOPE,
    max_steps: Annotated[
        float, typer.Option(help="Largest number of jumps of the level that does not come back.")
    ] = choices.MAX_STEPS,
    min_signal_to_noise: Annotated[
        float,
        typer.Option(
            help="Least standard deviation of a recording, relative to its sensor's noise or "
            "resolution. Recordings below 3 are named; 3 leaves them out."
        ),
    ] = choices.MIN_SIGNAL_TO_NOISE,
    keep_artefacts: Annotated[
        bool,
        typer.Option(
            "--keep-artefacts",
            help="Use implausible samples (zeros, spikes, dips of contact, ...) as they are.",
        ),
    ] = False,
    rating_scale: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="LOW HIGH",
            help="Lowest and highest possible rating (only for table and bids). Default: "
            f"{_TABLE.rating_scale[0]:g} {_TABLE.rating_scale[1]:g}; of bids what its events.json "
            "says",
            show_default=False,
        ),
    ] = None,
    decimal: Annotated[
        Literal[".", ","] | None,
        typer.Option(
            help="Decimal mark in your files (only for table). Default: .", show_default=False
        ),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            help="Unit of EDA whose files do not state it: S, mS, uS, nS, Ohm, kOhm, MOhm or "
            "a.u. (only for table and bids). The EDA is converted to microsiemens. Default: "
            f"{_TABLE.eda_unit} for table; bids has to say it",
            show_default=False,
        ),
    ] = None,
    polarity: Annotated[
        choices.Polarity | None,
        typer.Option(
            help="What the EDA files contain; the sign of resistance is flipped, so that "
            "responses rise. as-is flips nothing. Default: determined by the unit "
            "(DEAP: resistance in Ohm; AMIGOS: not stated, treated as conductance)",
            show_default=False,
        ),
    ] = None,
    audio: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder or zip file with the songs, each named by its number, such as "
            "262957.mp3 (only for hku956, which comes without them). Default: songs in RAW",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        choices.Device | None,
        typer.Option(
            help="Whose EDA is read, that of the wristband or of the chest device (only for "
            "wesad). Default: wrist",
            show_default=False,
        ),
    ] = None,
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="List damaged files and read the rest."),
    ] = False,
    follow_links: Annotated[
        bool,
        typer.Option(
            "--follow-links",
            help="Follow symbolic links in RAW, also to places outside it. Use this only "
            "if you know where they lead.",
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            help="Number of reading processes; -1 for all cores. Default: 1 where more do "
            "not help (DEAP's .dat files, zips in zips), else all cores.",
            show_default=False,
        ),
    ] = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    output: options.Output = None,
    force: options.Force = False,
) -> Ingested:
    """Read raw files into one store.

    EDA keeps its sampling rate, and ratings keep their scale. Samples that cannot come from skin
    count as missing. Short gaps in the EDA are repaired and marked. A recording that breaks one of
    the --max and --min rules stays in the store with the reason, and later steps leave it out: see
    `rtcan info STORE --quality`.

    DEAP: data_preprocessed_python (s01.dat ...). AMIGOS: data_preprocessed_matlab
    (Data_Preprocessed_P01.mat ...). PMEmo: the 2018 or the 2019 edition. HKU956: the folder with
    "1. physiological signals". WESAD: the folder with S2, S3 ... CASE: the folder with data or
    interpolated. Zip files need not be unpacked. Nothing in the files is executed. Data that cannot
    be used are listed with the reason. Symbolic links that lead out of RAW are refused, unless
    --follow-links is given; RAW itself may be a link.

    table: your own recordings, a folder with trials.csv (columns subject, stimulus, valence,
    arousal, signal, and more if needed, such as repetition for a song that is heard more than once)
    and the signal files that it names: tables of text as many devices export them, NPY, sessions
    of an Empatica E4 (EDA.csv, the folder, or the zip file), EDF, XDF, and others.

    bids: a BIDS dataset, unpacked. Trials are rows of *_events.tsv that name a stimulus, with their
    ratings in the columns valence and arousal; the EDA is a column of *_physio.tsv.gz.

    \b
    Examples:
      rtcan ingest deap ./raw
      rtcan ingest amigos data_preprocessed_matlab.zip --max-gap 0.5
      rtcan ingest pmemo ~/data/PMEmo --skip-bad
      rtcan ingest hku956 ~/data/HKU956.zip --audio ~/data/songs
      rtcan ingest wesad WESAD.zip --device chest
      rtcan ingest table ~/data/my-study --rating-scale 1 7
      rtcan ingest bids ~/data/ds000001 --unit uS
    """
    from rtcan_cli.datasets.absolute import is_absolute
    from rtcan_cli.datasets.polarity import signal_kind
    from rtcan_cli.datasets.table.options import TableOptions
    from rtcan_cli.datasets.units import require_unit
    from rtcan_cli.eda.quality.rules import Rules
    from rtcan_cli.steps.data.ingest import ingest_raw
    from rtcan_cli.steps.following import after_step

    given: dict[str, Any] = {"rating_scale": rating_scale, "decimal": decimal, "unit": unit}
    given = {name: value for name, value in given.items() if value is not None}
    if profile(dataset) is not _TABLE:
        own = profile(dataset).own
        wrong = given.keys() & {"decimal"} if own else given.keys()
        if wrong:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given if name in wrong)
            raise typer.BadParameter(f"{names}: only for table{'' if own else ' and bids'}")
    for option, value, only in (("--audio", audio, "hku956"), ("--device", device, "wesad")):
        if value is not None and profile(dataset).name != only:
            raise typer.BadParameter(f"{option}: only for the dataset {only}")
    limits = {"min_eda": min_eda, "max_eda": max_eda, "max_slope": max_slope}
    changed = {name for name, value in limits.items() if value != _LIMITS[name]}
    if keep_artefacts:
        _refuse(
            changed | ({"max_steps"} if max_steps != choices.MAX_STEPS else set()),
            "not with --keep-artefacts, which looks for no artefacts",
        )
    known = profile(dataset)
    if not known.own and not is_absolute(signal_kind(known.eda_unit), known):
        _refuse(changed, f"the EDA of {known.title} is not in microsiemens with its offset")
    if unit is not None and require_unit(unit).quantity == "relative":
        _refuse(changed, f"--unit {unit} is not microsiemens")
    target = options.store_path(workspace, output, dataset, "recordings")
    rules = Rules(
        *(max_gap, max_missing, max_flat, max_clipped, max_jitter, min_duration),
        *(min_eda, max_eda, max_slope, max_steps, min_signal_to_noise, keep_artefacts),
    )
    stated = rating_scale is not None
    table = TableOptions(**given, scale_is_stated=stated) if known.own else None
    done = ingest_raw(
        *(dataset, raw, target, rules, skip_bad, jobs, force, table, polarity, follow_links),
        *(audio, device),
    )
    return after_step(done, target)


def _refuse(names: set[str], why: str) -> None:
    """Refuse options that would change nothing."""
    if names:
        given = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(names))
        raise typer.BadParameter(f"{given}: {why}")
