"""Ratings, or labels from elsewhere -> labels store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.errors import RtcanError, some
from rtcan_cli.evaluation import published
from rtcan_cli.label_table import match_labels, read_label_table
from rtcan_cli.labels import (
    BY_STIMULUS,
    NO_LABEL,
    STARTS,
    class_counts,
    label_by_stimulus,
    rating_correlation,
)
from rtcan_cli.labels import relabel as relabel_trials
from rtcan_cli.results.base import Note
from rtcan_cli.results.data.labels import CLASS_COLUMNS, ImportedTable, Labels, RatingCorrelation
from rtcan_cli.steps.freshness import is_current
from rtcan_cli.stores import Provenance, Store, create
from rtcan_cli.stores.lines import line_that_makes
from rtcan_cli.stores.schema import SCHEMAS

#: Method of a store whose labels were imported, in its provenance.
IMPORTED = "import"


def relabel_ratings(
    recordings: Path, output: Path, method: str = "kmeans", seed: int = 0, force: bool = False
) -> Labels:
    """Label the trials of a recordings store by ratings.

    Parameters
    ----------
    recordings, output : Path
        Store to read and store to write.
    method : str
        One of `rtcan_cli.labels.METHODS`, from each subject's own ratings, or `BY_STIMULUS`, from
        the stimuli's published means.
    seed : int
        For the starts of k-means; the other methods draw nothing.
    force : bool
        Do it even if nothing has changed.

    Raises
    ------
    RtcanError
        If the store does not hold the ratings that the method needs.
    """
    with Store(recordings, "recordings") as store:
        trials, stimuli, made = store.table("trials"), store.table("stimuli"), store.provenance
        inputs = {"recordings": store.content_id}
    _check_ratings(recordings, trials, stimuli, made, method)
    parameters = {
        "method": method,
        **({"seed": seed, "starts": STARTS} if method == "kmeans" else {}),
    }
    provenance = Provenance("relabel", made.dataset, parameters, inputs, made.simulated)
    if not is_current(output, "labels", provenance, force):
        low, high = made.parameters["rating_scale"]
        if method == BY_STIMULUS:
            labels = label_by_stimulus(trials, stimuli, (low, high))
            _check_labels(labels, f"the mean ratings in {recordings}")
            _write(output, provenance, labels, _no_thresholds())
        else:
            result = relabel_trials(trials, method, (low, high), seed)
            _write(output, provenance, result.labels, result.thresholds)
    notes = _without_mean(trials, stimuli, made) if method == BY_STIMULUS else []
    return _labels_result(recordings, output, notes)


def import_labels(recordings: Path, csv: Path, output: Path, force: bool = False) -> Labels:
    """Label the trials of a recordings store by a table from elsewhere.

    Parameters
    ----------
    recordings, output : Path
        Store to read and store to write.
    csv : Path
        See :func:`rtcan_cli.label_table.read_label_table`.
    force : bool
        Do it even if nothing has changed.

    Raises
    ------
    RtcanError
        If the file is not such a table, or has none of the trials.
    """
    with Store(recordings, "recordings") as store:
        trials, made = store.table("trials"), store.provenance
        inputs = {"recordings": store.content_id}
    table = read_label_table(csv)
    matched = match_labels(table, trials, csv)
    parameters = {
        "method": IMPORTED,
        IMPORTED: csv.name,
        "sha256": hashlib.sha256(csv.read_bytes()).hexdigest(),
    }
    provenance = Provenance("relabel", made.dataset, parameters, inputs, made.simulated)
    _check_labels(matched.labels, csv)
    if not is_current(output, "labels", provenance, force):
        _write(output, provenance, matched.labels, _no_thresholds())
    imported = ImportedTable(
        file=csv.name,
        n_rows=len(table),
        n_used=matched.n_used,
        n_foreign=matched.n_foreign,
        n_missing=matched.n_unlabelled,
    )
    return _labels_result(recordings, output, imported=imported)


def _check_ratings(
    recordings: Path, trials: pd.DataFrame, stimuli: pd.DataFrame, made: Provenance, method: str
) -> None:
    """Refuse a method that finds nothing to go by, and say which one would."""
    edition, labels = made.parameters["edition"], recordings.with_name("labels.h5")
    has_means = not stimuli[[f"{target}_mean" for target in TARGETS]].isna().all(axis=None)
    has_ratings = not trials[list(TARGETS)].isna().all(axis=None)
    if method == BY_STIMULUS and not has_means:
        raise RtcanError(
            f"{recordings}: {edition} has no mean ratings of its "
            f"{profile(made.dataset).stimuli_word}",
            line_that_makes(labels, "labels", method="kmeans")
            if has_ratings
            else line_that_makes(labels, "labels", **{"import": "CSV"}),
        )
    if method != BY_STIMULUS and not has_ratings:
        advice = [
            f"--method {BY_STIMULUS} labels every listener of a stimulus by its mean rating"
            if has_means
            else "",
            "--import CSV takes labels from a table",
            "PMEmo's 2018 edition has every subject's own ratings"
            if made.dataset == "pmemo"
            else "",
        ]
        raise RtcanError(
            f"{recordings}: {edition} has no ratings of single subjects, so there is nothing to "
            "label",
            "; ".join(filter(None, advice)),
        )


def _check_labels(labels: pd.DataFrame, source: object) -> None:
    """Refuse labels that are none: all of them are missing."""
    if (labels[list(TARGETS)] == NO_LABEL).all(axis=None):
        raise RtcanError(f"{source}: gives no trial a label")


def _without_mean(trials: pd.DataFrame, stimuli: pd.DataFrame, made: Provenance) -> list[Note]:
    """Say which stimuli have no published mean, so that their trials have no label."""
    notes = []
    heard = stimuli[stimuli["stimulus"].isin(trials["stimulus"])]
    for target in TARGETS:
        lacking = heard.loc[heard[f"{target}_mean"].isna(), "stimulus"].tolist()
        if lacking:
            n = int(trials["stimulus"].isin(lacking).sum())
            text = (
                f"{len(lacking)} of {len(heard)} {profile(made.dataset).stimuli_word} have no mean "
                f"{target} rating ({some(lacking)}): their {n} trials get no {target} label"
            )
            notes.append(Note("stimuli_without_mean", text))
    return notes


def _no_thresholds() -> pd.DataFrame:
    """An empty table of thresholds: no subject has a separate one."""
    columns = [field.path.split("/") for field in SCHEMAS["labels"].fields]
    return pd.DataFrame(columns=[name for table, name in columns if table == "thresholds"])


def _write(
    output: Path, provenance: Provenance, labels: pd.DataFrame, thresholds: pd.DataFrame
) -> None:
    with create(output, "labels", provenance) as store:
        store.write_table("labels", labels)
        store.write_table("thresholds", thresholds)


def _labels_result(
    recordings: Path,
    labels: Path,
    notes: Sequence[Note] = (),
    imported: ImportedTable | None = None,
) -> Labels:
    """Class counts and rating correlation, beside the paper's where they are comparable."""
    with Store(recordings, "recordings") as store:
        ratings = store.table("trials", TARGETS)
    with Store(labels, "labels") as store:
        table, thresholds, made = store.table("labels"), store.table("thresholds"), store.provenance
    method = made.parameters["method"]
    labelled = (table[list(TARGETS)] != NO_LABEL).any(axis=1)
    # The paper's labels are those of single subjects.
    compare = (
        not made.simulated
        and profile(made.dataset).published_trials is not None
        and method != BY_STIMULUS
    )
    return Labels(
        dataset=made.dataset,
        simulated=made.simulated,
        method=method,
        n_subjects=table.loc[labelled, "subject"].nunique(),
        n_labelled=int(labelled.sum()),
        n_few_ratings=(
            int(thresholds["fallback"].sum()) if len(thresholds) and method != "fixed" else None
        ),
        classes=_classes(table, made.dataset if compare else None),
        ratings=_correlation(ratings, made.dataset if compare else None),
        imported=imported,
        notes=tuple(notes),
        files=(labels,),
    )


def _classes(labels: pd.DataFrame, published_for: str | None) -> pd.DataFrame:
    """Class counts, beside those that the paper prints for a dataset."""
    counts = class_counts(labels)
    n = counts["n_high"] + counts["n_low"]
    counts["n_unlabelled"] = len(labels) - n
    counts["high_share"] = counts["n_high"] / n.where(n > 0)
    paper = ["paper_n_high", "paper_n_low"]
    counts[paper] = None
    if published_for is not None:
        printed = published.labels_table(published_for).set_index("target")
        counts[paper] = printed.loc[counts["target"], paper].to_numpy(int).astype(object)
    return counts[list(CLASS_COLUMNS)]


def _correlation(ratings: pd.DataFrame, published_for: str | None) -> RatingCorrelation | None:
    n_trials = int(ratings[list(TARGETS)].notna().all(axis=1).sum())
    if not n_trials:
        return None
    r, p = rating_correlation(ratings)
    printed = None
    if published_for is not None:
        row = published.rating_correlation(published_for).iloc[0]
        printed = float(row["paper_spearman_r"])
    return RatingCorrelation(n_trials=n_trials, spearman_r=r, p_value=p, paper_spearman_r=printed)


def few_ratings(labels: Path, subject: str) -> list[Note]:
    """What to say of a figure by `plot_steps`, where the subject's ratings make no two clusters."""
    with Store(labels, "labels") as store:
        thresholds = store.table("thresholds")
    if not thresholds.loc[thresholds["subject"] == subject, "fallback"].any():
        return []
    text = f"subject {subject} has too few distinct ratings for two clusters"
    return [Note("few_ratings", text)]
