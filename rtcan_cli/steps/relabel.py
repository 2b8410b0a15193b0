"""Ratings -> labels store."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli import console
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation import published
from rtcan_cli.labels import class_counts, rating_correlation
from rtcan_cli.labels import relabel as relabel_trials
from rtcan_cli.plots.relabel_steps import relabel_steps
from rtcan_cli.plots.save import save
from rtcan_cli.report import Report, Table
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.stores import Provenance, Store, create

#: Columns of the thresholds table that hold the two cluster centres.
CENTRES = ("centre0_valence", "centre0_arousal", "centre1_valence", "centre1_arousal")


def relabel_ratings(
    recordings: Path, output: Path, method: str = "kmeans", seed: int = 0, force: bool = False
) -> Report:
    """Label the trials of a recordings store.

    Raises
    ------
    RtcanError
        If the store holds no ratings of single subjects.
    """
    with Store(recordings, "recordings") as store:
        ratings, made = store.table("trials"), store.provenance
        inputs = {"recordings": store.content_id}
    known = profile(made.dataset)
    if ratings[list(TARGETS)].isna().all(axis=None):
        raise RtcanError(
            f"{recordings}: {made.parameters['edition']} has no ratings of single subjects, so "
            "there is nothing to label",
            "for PMEmo, download the 2018 edition, which has every subject's own ratings",
        )
    provenance = Provenance(
        "relabel", made.dataset, {"method": method, "seed": seed}, inputs, made.simulated
    )
    if not is_current(output, "labels", provenance, force):
        result = relabel_trials(ratings, method, known.rating_scale, seed)
        with create(output, "labels", provenance) as store_out:
            store_out.write_table("labels", result.labels)
            store_out.write_table("thresholds", result.thresholds)
    return summarise(recordings, output)


def summarise(recordings: Path, labels: Path) -> Report:
    """Class counts and rating correlation, beside the paper's where the data are real."""
    with Store(recordings, "recordings") as store:
        ratings = store.table("trials")
    with Store(labels, "labels") as store:
        table, thresholds = store.table("labels"), store.table("thresholds")
        dataset, simulated = store.provenance.dataset, store.provenance.simulated
        method = store.provenance.parameters["method"]
    counts = class_counts(table)
    r, p = rating_correlation(ratings)
    report = Report("relabel", files=[labels])
    report.facts = {
        "dataset": profile(dataset).title + (" (simulated)" if simulated else ""),
        "method": method,
        "subjects": len(thresholds),
        "subjects with too few distinct ratings": int(thresholds["fallback"].sum()),
    }
    columns = ["target", "high", "low", "high share [%]"]
    rows = [
        [row.target, int(row.n_high), int(row.n_low), 100 * row.n_high / (row.n_high + row.n_low)]
        for row in counts.itertuples()
    ]
    correlation = ["Spearman r", "p", "trials"]
    values: list[object] = [r, p, int(ratings[list(TARGETS)].notna().all(axis=1).sum())]
    if not simulated:
        paper = published.labels_table(dataset).set_index("target")
        columns += ["paper high", "paper low"]
        for row in rows:
            row += [int(paper.loc[row[0], c]) for c in ("paper_n_high", "paper_n_low")]
        correlation += ["paper r"]
        values += [float(published.rating_correlation(dataset)["paper_spearman_r"].iloc[0])]
    report.tables = [
        Table("Labels", columns, rows),
        Table("Correlation of valence and arousal ratings", correlation, [values]),
    ]
    return report


def plot_steps(recordings: Path, labels: Path, subject: str, folder: Path) -> list[Path]:
    """Draw the four steps of the annotation re-creation for one subject (the paper's Fig. 3)."""
    with Store(recordings, "recordings") as store:
        ratings = store.table("trials")
    with Store(labels, "labels") as store:
        thresholds = store.table("thresholds").set_index("subject")
        provenance = store.provenance
    if subject not in thresholds.index:
        raise RtcanError(
            f"subject '{subject}' has no labels in {labels}",
            f"one of {', '.join(thresholds.index[:5])} ...",
        )
    if provenance.parameters["method"] != "kmeans":
        raise RtcanError(
            f"{labels}: was made with --method {provenance.parameters['method']}; the four steps "
            "are those of kmeans"
        )
    row = thresholds.loc[subject]
    if row["fallback"]:
        console.warn(f"subject {subject} has too few distinct ratings for two clusters")
    own = ratings[ratings["subject"] == subject].dropna(subset=list(TARGETS))
    figure = relabel_steps(
        own["valence"].to_numpy(),
        own["arousal"].to_numpy(),
        row[list(CENTRES)].to_numpy(float).reshape(2, 2),
        (row["valence"], row["arousal"]),
        scale=profile(provenance.dataset).rating_scale,
        subject=subject,
        simulated=provenance.simulated,
    )
    return save(figure, folder / provenance.dataset / f"labels_subject_{subject}")
