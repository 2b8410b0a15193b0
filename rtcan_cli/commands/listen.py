"""`rtcan listen`: a page that plays a song while a cursor runs over the EDA."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtcan_cli.commands.shell import complete, options

if TYPE_CHECKING:
    from rtcan_cli.results.attention.listening import Listening


def listen(
    trial: options.Trial,
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            autocompletion=complete.runs,
            help="Name or path of a run. Default: the newest that tests this trial; one with all "
            "folds before others.",
            show_default=False,
        ),
    ] = None,
    repetition: options.Repetition = None,
    target: options.OneTarget = None,
    audio: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The song, which the page then finds beside itself. Default: the page asks for "
            "it, or plays without sound.",
            show_default=False,
        ),
    ] = None,
    embed_audio: Annotated[
        bool,
        typer.Option(
            "--embed-audio", help="Put the song into the page: that of the dataset, or --audio."
        ),
    ] = False,
    song_start: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="When the song begins, from the recording's beginning. Default: as the dataset "
            "has it (DEAP 3, AMIGOS 5, else 0).",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.html",
            help="Page to write. Default: one in the run's folder of figures.",
            show_default=False,
        ),
    ] = None,
    dataset: options.Dataset = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
) -> Listening:
    """Write a page that plays a trial: song, EDA, responses, attention, and the answer over time.

    One HTML file that works from disk. While the song plays, or a silent clock, a cursor runs over
    the raw EDA, the phasic part with its responses, the attention of each network as in gradcam,
    and the probability that they give to high from the first t seconds of the recording alone. The
    networks are those that were not trained on this subject.

    \b
    Examples:
      rtcan listen 100184:1
      rtcan listen 100184:1 --embed-audio --output talk.html
      rtcan listen 07:12 --dataset deap --audio videos/12.mp4
    """
    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{output}: does not end in .html", param_hint="--output")
    from rtcan_cli.files.links import folder_below
    from rtcan_cli.steps.attention.listening import listen_to
    from rtcan_cli.stores import Workspace
    from rtcan_cli.views.html.listening import write_listening

    stores, name = Workspace(workspace), options.dataset_of(workspace, dataset, None, "recordings")
    result, sound, shown = listen_to(
        stores,
        name,
        trial,
        stores.find_run(run, name) if run else None,
        repetition=repetition,
        target=target,
        audio=audio,
        embed=embed_audio,
        song_start=song_start,
    )
    if output is None:
        folder = folder_below(options.DEFAULT_FIGURES, name, *([shown] if shown else []))
        output = folder / f"listen_{result.trial.stem}.html"
    return write_listening(result, sound, output)
