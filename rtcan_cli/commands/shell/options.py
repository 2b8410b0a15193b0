"""Options that several commands share, declared once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rtcan_cli import choices, console
from rtcan_cli.cluster import Cluster
from rtcan_cli.command_line import WORKSPACE, WORKSPACE_VARIABLE
from rtcan_cli.commands.shell import complete
from rtcan_cli.commands.shell.usage import DATA, FIGURES, GENERAL, MACHINE
from rtcan_cli.datasets.profiles import PROFILES
from rtcan_cli.extras import is_installed, require

if TYPE_CHECKING:
    from rtcan_cli.plots.look import Look

DATASETS = "{} or {}".format(", ".join([*PROFILES][:-1]), [*PROFILES][-1])
"""What there is to choose from, in words."""

DEFAULT_WORKSPACE = Path(WORKSPACE)
DEFAULT_FIGURES = Path("rtcan-figures")

Dataset = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        "-d",
        help=f"{DATASETS}; may be left out if the workspace contains only one.",
        autocompletion=complete.ingested,
        show_default=False,
        rich_help_panel=DATA,
    ),
]
Workspace = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        envvar=WORKSPACE_VARIABLE,
        help="Folder with the stores.",
        rich_help_panel=DATA,
    ),
]


def _store(kind: str) -> Any:
    return typer.Option(
        f"--{kind}-store",
        help=f"{kind.capitalize()} store, instead of the workspace's.",
        show_default=False,
        rich_help_panel=DATA,
    )


RecordingsStore = Annotated[Path | None, _store("recordings")]
ComponentsStore = Annotated[Path | None, _store("components")]
LabelsStore = Annotated[Path | None, _store("labels")]
MusicStore = Annotated[Path | None, _store("music")]
FeaturesStore = Annotated[Path | None, _store("features")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Store to write, instead of the workspace's.",
        show_default=False,
        rich_help_panel=DATA,
    ),
]


def _of_figures(*names: str, **about: Any) -> Any:
    return typer.Option(*names, show_default=False, rich_help_panel=FIGURES, **about)


@dataclass(frozen=True)
class FigureOptions:
    """What a user said of figures: a command's parameter of this type becomes all its options.

    Parameters
    ----------
    folder : Path
        Where figures, and tables with them, are written to.
    size, column_width : str, optional
        As typed.
    dpi : float
        Pixels per inch of the PNG files.
    paper_colours : bool
        Whether the colours of Yin et al. (2022) are taken.
    given : tuple of str
        The options that were typed.
    """

    folder: Path = DEFAULT_FIGURES
    size: str | None = None
    column_width: str | None = None
    dpi: float = 200
    paper_colours: bool = False
    given: tuple[str, ...] = ()

    def look(self) -> Look:
        """How figures are to be drawn.

        Raises
        ------
        typer.BadParameter
            If a size is none, or both the size and the width were given.
        RtcanError
            If Matplotlib is not installed.
        """
        require("a figure", "matplotlib")
        from rtcan_cli.plots.look import Look

        if self.size is not None and self.column_width is not None:
            raise typer.BadParameter("--size has a width, too: leave out --size or --column-width")
        return Look(
            figure_size(self.size),
            self.paper_colours,
            self.dpi,
            width=column_width(self.column_width),
        )

    def look_if_possible(self) -> Look | None:
        """`look`, or None with a warning if Matplotlib is not installed.

        Only for commands whose tables are worth having without figures, and not if an option asks
        for them.
        """
        if is_installed("matplotlib") or set(self.given) - {"--figures-dir"}:
            return self.look()
        console.warn("no figures, as Matplotlib is not installed: pip install 'rtcan-cli[figures]'")
        return None

    def refuse(self, why: str, folder: bool = True) -> None:
        """Refuse the options where nothing is drawn; that of the folder perhaps not."""
        refused = [name for name in self.given if folder or name != "--figures-dir"]
        if refused:
            raise typer.BadParameter(f"leave out {', '.join(refused)}: {why}")


#: The options of figures, by the field of `FigureOptions` that they set.
FIGURE_OPTIONS: dict[str, Any] = {
    "folder": Annotated[
        Path | None,
        _of_figures("--figures-dir", help=f"Folder to write to. Default: {DEFAULT_FIGURES}"),
    ],
    "size": Annotated[
        str | None,
        _of_figures(
            "--size",
            metavar="W,H",
            help="Width and height in inches, or as 18,12cm or 180,120mm, for publication: without "
            "title and names of subjects. Default: each figure's own, most 7 inches wide.",
        ),
    ],
    "column_width": Annotated[
        str | None,
        _of_figures(
            "--column-width",
            metavar="MM|NAME",
            help="Width in millimetres, as in 85mm, or a journal's column: single (90) or double "
            "(190); the height follows. For publication, as --size.",
        ),
    ],
    "dpi": Annotated[
        float | None,
        _of_figures("--dpi", min=20, max=2400, help="Pixels per inch of PNG files. Default: 200"),
    ],
    "paper_colours": Annotated[
        bool,
        _of_figures(
            "--paper-colours",
            help="Red, blue and green of Yin et al. (2022), instead of colours that readers with "
            "any colour vision, and in grey, tell apart.",
        ),
    ],
}
#: A command that always draws: the folder also has a short name.
Figures = Annotated[FigureOptions, "-o"]
#: A command that has other output; it draws if it is asked to.
PlotFigures = Annotated[FigureOptions, ""]
NO_FIGURE_OPTIONS = FigureOptions()

#: Widths of journals' columns in millimetres: Elsevier's, the widest of the usual ones.
COLUMN_WIDTHS = {"single": 90.0, "double": 190.0}

Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Run the step again, even if nothing changed.", rich_help_panel=GENERAL
    ),
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of all random numbers.")]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", help="Processes to use; -1 for all cores.", rich_help_panel=MACHINE
    ),
]
ClusterAddress = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Send the work to a Dask cluster instead: tcp://HOST:8786, or its "
        "scheduler file. Use only a cluster that you trust: its results are not "
        "checked.",
        show_default=False,
        rich_help_panel=MACHINE,
    ),
]
WINDOW_HELP = (
    "Part of each recording to use, after the onset: its first, last or middle seconds (first:30), "
    "or the seconds from 10 to 40 of the recording (10:40). With first:shortest, as many as the "
    "shortest recording has. Recordings that are too short are left out. Default: all of it"
)
"""The same words wherever a window is an option."""

Trial = Annotated[
    str,
    typer.Argument(
        metavar="SUBJECT:STIMULUS",
        help="A subject, and the song or video; SUBJECT:STIMULUS:REPETITION names the repetition.",
        show_default=False,
    ),
]
Repetition = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Which hearing, if the subject heard the song or saw the video more than once. "
        "Default: the first.",
        show_default=False,
    ),
]
OneTarget = Annotated[
    choices.Rating | None,
    typer.Option(
        "--target",
        help="Show this rating alone; where a subject listened once for each rating, it also "
        "selects the recording. Default: both ratings, and the first recording.",
        show_default=False,
    ),
]
RunNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN]...",
        help="Names or paths of runs. Default: all runs with all folds.",
        autocompletion=complete.runs,
        show_default=False,
    ),
]
RunName = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="Name or path of a run. Default: the newest run with all folds; one of RTCAN-1D "
        "before other models.",
        autocompletion=complete.runs,
        show_default=False,
    ),
]


def column_of(where: str) -> Any:
    """The option `--column`, whose help says where the column is."""
    return typer.Option(
        help=f"Column of the EDA {where}: its name, or its number from 1.", show_default=False
    )


# Of one recording that a run answers about, be it finished or not.
SamplingRate = Annotated[
    float | None,
    typer.Option(
        min=1e-3,
        help="Sampling rate of the file in Hz; may be left out if the file contains it.",
        show_default=False,
    ),
]
DecimalMark = Annotated[Literal[".", ","], typer.Option(help="Decimal mark of the file.")]
RecordingUnit = Annotated[
    str | None,
    typer.Option(
        help="Unit of the EDA if the recording does not state it, such as uS or kOhm; it "
        "distinguishes conductance from resistance. Default: that of the run's recordings; a run "
        "on resistance (DEAP) or on converted recordings requires it",
        show_default=False,
    ),
]
Song = Annotated[
    Path | None,
    typer.Option(help="The song, for a run that fuses music.", show_default=False),
]
Uncalibrated = Annotated[
    bool, typer.Option("--uncalibrated", help="Do not calibrate the probabilities.")
]


def or_nan(number: float | None) -> float:
    """A number that may have been left out; then NaN."""
    return math.nan if number is None else number


def figure_size(text: str | None) -> tuple[float, float] | None:
    """Width and height in inches from what `--size` was given, as in ``7,5`` or ``180,120mm``."""
    if text is None:
        return None
    number, inch = text.strip(), 1.0
    for unit, per_inch in (("cm", 2.54), ("mm", 25.4)):
        if number.endswith(unit):
            number, inch = number.removesuffix(unit), per_inch
    try:
        width, height = (float(part) / inch for part in number.split(","))
    except ValueError:
        width = height = 0.0
    if not (1 <= width <= 100 and 1 <= height <= 100):
        raise typer.BadParameter(
            f"{text!r} is not a size: width and height from 1 to 100 inches, as in 7,5 or 18,12cm",
            param_hint="--size",
        )
    return width, height


def column_width(text: str | None) -> float | None:
    """Width in inches from what `--column-width` was given: millimetres, or the name of one."""
    if text is None:
        return None
    try:
        width = COLUMN_WIDTHS.get(text.strip()) or float(text.strip().removesuffix("mm"))
    except ValueError:
        width = 0.0
    if not 60 <= width <= 500:
        raise typer.BadParameter(
            f"{text!r} is not a width: from 60 to 500 millimetres, or {' or '.join(COLUMN_WIDTHS)}",
            param_hint="--column-width",
        )
    return width / 25.4


def was_typed(context: typer.Context, parameter: str) -> bool:
    """Whether an option was given, be it with the value that it has anyway."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name != "DEFAULT"


def workers(
    context: typer.Context, jobs: int, cluster: str | None, gpu: bool = False
) -> int | Cluster:
    """Who works: so many processes of this machine, or a cluster, there perhaps with GPUs.

    Raises
    ------
    typer.BadParameter
        If both are given.
    """
    if cluster is None:
        return jobs
    if was_typed(context, "jobs"):
        raise typer.BadParameter("--jobs applies to this machine: leave it out with --cluster")
    return Cluster(cluster, gpu)


def store_path(workspace: Path, given: Path | None, dataset: str, kind: str) -> Path:
    """The store an option names, or the workspace's own."""
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.stores import Workspace as Stores

    return given or Stores(workspace).store(profile(dataset).name, kind)


def chosen_dataset(workspace: Path, dataset: str | None) -> str:
    """The dataset an option names, checked, or the only one in the workspace."""
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.stores import Workspace as Stores

    return Stores(workspace).dataset(profile(dataset).name if dataset else None)


def dataset_of(workspace: Path, dataset: str | None, given: Path | None, kind: str) -> str:
    """The dataset meant: that of a store named by an option, if one is, or as `chosen_dataset`.

    Raises
    ------
    RtcanError
        If the store is of another dataset than the one that is named.
    """
    if given is None:
        return chosen_dataset(workspace, dataset)
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.errors import RtcanError
    from rtcan_cli.stores import Store

    with Store(given, kind) as store:
        found = store.provenance.dataset
    if dataset is not None and profile(dataset).name != found:
        raise RtcanError(f"{given}: is of {found}, not of {dataset}", f"--dataset {found}")
    return found


def find_run(workspace: Path, run: str | None, dataset: str | None) -> Path:
    """The run an argument names; see `rtcan_cli.stores.Workspace.find_run`."""
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.stores import Workspace as Stores

    return Stores(workspace).find_run(run, profile(dataset).name if dataset else None)
