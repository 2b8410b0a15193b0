"""`rtcan show`: one recording, with all that is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtcan_cli.commands.shell import options

if TYPE_CHECKING:
    from rtcan_cli.results.overview.recording import OneRecording


def show(
    trial: options.Trial,
    repetition: options.Repetition = None,
    target: options.OneTarget = None,
    dataset: options.Dataset = None,
    recordings: options.RecordingsStore = None,
    components: options.ComponentsStore = None,
    labels: options.LabelsStore = None,
    workspace: options.Workspace = options.DEFAULT_WORKSPACE,
    figures: options.Figures = options.NO_FIGURE_OPTIONS,
) -> OneRecording:
    """Look at one recording: EDA, its parts, every skin conductance response, and its quality.

    Draws the raw EDA with repaired samples, tonic and phasic part, driver, and onset, peak,
    amplitude and rise time of each response. Writes one HTML page with the figure, the quality of
    the recording, ratings, labels and settings, and the responses as CSV. Before decompose has
    run, only the recording itself is shown.

    \b
    Examples:
      rtcan show 100184:1
      rtcan show 100184:1 --repetition 2 --column-width single
      rtcan show 07:12 --dataset deap --json
    """
    look = figures.look()

    from rtcan_cli.steps.overview.recording import show_recording
    from rtcan_cli.views.html.recording import write_recording

    name = options.dataset_of(workspace, dataset, recordings, "recordings")
    result = show_recording(
        options.store_path(workspace, recordings, name, "recordings"),
        options.store_path(workspace, components, name, "components"),
        options.store_path(workspace, labels, name, "labels"),
        trial,
        figures.folder,
        repetition=repetition,
        target=target,
        look=look,
    )
    return write_recording(result)
