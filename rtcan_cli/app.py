"""The Typer app: registers the commands, nothing else.

Importing it stays light: no numerical library is loaded before a command runs, and help is
plain text, because loading a renderer would take longer than answering.
"""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from rtcan_cli.commands.compare import compare
from rtcan_cli.commands.contributions import contributions
from rtcan_cli.commands.decompose import decompose
from rtcan_cli.commands.draft_trials import draft_trials
from rtcan_cli.commands.eda_features import eda_features
from rtcan_cli.commands.evaluate import evaluate
from rtcan_cli.commands.export import export
from rtcan_cli.commands.export_bids import export_bids
from rtcan_cli.commands.gradcam import gradcam
from rtcan_cli.commands.import_checkpoint import import_checkpoint
from rtcan_cli.commands.info import info
from rtcan_cli.commands.ingest import ingest
from rtcan_cli.commands.listen import listen
from rtcan_cli.commands.live import live
from rtcan_cli.commands.models import models
from rtcan_cli.commands.music_features import music_features
from rtcan_cli.commands.predict import predict
from rtcan_cli.commands.relabel import relabel
from rtcan_cli.commands.report import report
from rtcan_cli.commands.shell.command import command
from rtcan_cli.commands.shell.streams import prepare
from rtcan_cli.commands.shell.usage import Command
from rtcan_cli.commands.show import show
from rtcan_cli.commands.simulate import simulate
from rtcan_cli.commands.train import train

app = typer.Typer(
    name="rtcan",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from rtcan_cli.versions import described

        print(described())
        raise typer.Exit


@app.callback()
def rtcan(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the versions of rtcan and of what it computes with.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Predict high or low valence and arousal from electrodermal activity and music.

    The steps, in order: ingest, relabel, decompose, music-features (eda-features for models that
    use them), train, evaluate, gradcam, compare, report. predict applies a trained run to new
    recordings, live to one that is being made. show and listen look at one recording. Each step
    reads and writes HDF5 stores in a workspace (./rtcan-stores). `rtcan info` shows what is done
    and what to run next.

    \b
    No data at hand?
      rtcan simulate pmemo raw/pmemo
      rtcan ingest pmemo raw/pmemo
    """


for _step in (
    simulate,
    draft_trials,
    ingest,
    relabel,
    decompose,
    eda_features,
    music_features,
    show,
    models,
    train,
    import_checkpoint,
    evaluate,
    predict,
    export,
    export_bids,
    gradcam,
    contributions,
    listen,
    live,
    compare,
    report,
    info,
):
    app.command(_step.__name__.replace("_", "-"), cls=Command)(command(_step))


def main() -> None:
    """Entry point of the ``rtcan`` script."""
    prepare()
    # A command loads many objects that stay. Python would search them for garbage again and again
    # while it loads them, which takes a tenth of the time.
    gc.set_threshold(50_000)
    app()


if __name__ == "__main__":
    main()
