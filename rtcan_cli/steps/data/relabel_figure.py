"""Labels store -> the figure of how one subject's ratings became labels."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.links import folder_below, part_of_name
from rtcan_cli.labels import CENTRES
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.plots.relabel_steps import relabel_steps
from rtcan_cli.plots.save import save
from rtcan_cli.stores import Store
from rtcan_cli.stores.lines import line_that_makes


def plot_steps(
    recordings: Path, labels: Path, subject: str, folder: Path, look: Look = PAPER
) -> list[Path]:
    """Draw the four steps of the annotation re-creation for one subject (the paper's Fig. 3).

    Raises
    ------
    RtcanError
        If the labels are not those of k-means, or not of this subject.
    """
    with Store(recordings, "recordings") as store:
        ratings, scale = store.table("trials"), store.provenance.parameters["rating_scale"]
    with Store(labels, "labels") as store:
        thresholds = store.table("thresholds").set_index("subject")
        provenance = store.provenance
    if provenance.parameters["method"] != "kmeans":
        raise RtcanError(
            f"{labels}: was made with the method {provenance.parameters['method']}; the four steps "
            "are those of kmeans",
            line_that_makes(labels, "labels", method="kmeans"),
        )
    if subject not in thresholds.index:
        raise RtcanError(
            f"subject '{subject}' has no labels in {labels}",
            f"one of {', '.join(thresholds.index[:5])} ...",
        )
    row = thresholds.loc[subject]
    own = ratings[ratings["subject"] == subject].dropna(subset=list(TARGETS))
    figure = relabel_steps(
        own["valence"].to_numpy(),
        own["arousal"].to_numpy(),
        row[CENTRES].to_numpy(float).reshape(2, 2),
        (row["valence"], row["arousal"]),
        scale=tuple(scale),
        subject=subject,
        simulated=provenance.simulated,
        look=look,
    )
    return save(
        figure,
        folder_below(folder, provenance.dataset) / f"labels_subject_{part_of_name(subject)}",
        look,
    )
