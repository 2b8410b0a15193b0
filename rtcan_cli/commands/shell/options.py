"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from rtcan_cli.cluster import Cluster
from rtcan_cli.command_line import WORKSPACE, WORKSPACE_VARIABLE
from rtcan_cli.commands.shell.usage import DATA, GENERAL, MACHINE
from rtcan_cli.datasets.profiles import PROFILES

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
Figures = Annotated[
    Path, typer.Option("--figures-dir", "-o", help="Folder for figures and tables.")
]
PlotFigures = Annotated[Path, typer.Option("--figures-dir", help="Folder for --plot.")]
FigureSize = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="W,H",
        help="Width and height of figures in inches, or in centimetres as 18,12cm. Default: each "
        "figure's own, 7 inches wide.",
        show_default=False,
    ),
]
Dpi = Annotated[float, typer.Option(min=20, max=2400, help="Pixels per inch of the PNG files.")]
ColourBlind = Annotated[
    bool,
    typer.Option(
        "--colour-blind", help="Okabe and Ito's colours instead of the paper's red and green."
    ),
]
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

RunName = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]",
        help="Name or path of a run. Default: the newest run of RTCAN-1D, or else the newest run.",
        show_default=False,
    ),
]


def figure_size(text: str | None) -> tuple[float, float] | None:
    """Width and height in inches from what `--size` was given, as in ``7,5`` or ``18,12cm``."""
    if text is None:
        return None
    number = text.strip().removesuffix("cm")
    inch = 2.54 if number != text.strip() else 1.0
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
    source = context.get_parameter_source("jobs")
    if source is not None and source.name != "DEFAULT":
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
    """The run an argument names, or the newest one; one of RTCAN-1D before a baseline."""
    from rtcan_cli.datasets.profiles import profile
    from rtcan_cli.stores import Workspace as Stores

    return Stores(workspace).find_run(run, profile(dataset).name if dataset else None)
