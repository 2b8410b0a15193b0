"""A run and another dataset -> scores on people, stimuli and sensors that it has never seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rtcan_cli import console
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.identifiers import canonical
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import BlockedError, RtcanError, some
from rtcan_cli.evaluation.bootstrap import intervals
from rtcan_cli.evaluation.calibration import expected_calibration_error
from rtcan_cli.evaluation.groups import group_scores
from rtcan_cli.evaluation.metrics import confusion, fold_scores, leading_score
from rtcan_cli.files.links import folder_below
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.results.base import Note
from rtcan_cli.results.csv import write_csv
from rtcan_cli.results.scores.cross_dataset import (
    CROSS_SCORE_COLUMNS,
    MODEL_COLUMNS,
    CrossDatasetEvaluation,
)
from rtcan_cli.results.scores.evaluation import SUBJECT_COLUMNS, VERDICT_COLUMNS
from rtcan_cli.runs.labels import label_of
from rtcan_cli.runs.present import refuse_outdated
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.data.seen_trials import fingerprint
from rtcan_cli.steps.deployment.predict import new_sources, predict_stores, trained_on_these
from rtcan_cli.steps.scores.evaluate import NAMES
from rtcan_cli.steps.scores.judgement import judgement, judgement_in_words, single_test_notes
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.trial_key import TRIAL_KEY, trial_name


def evaluate_on(
    run_path: Path,
    workspace: Workspace,
    dataset: str,
    figures: Path | None = None,
    look: Look | None = PAPER,
) -> CrossDatasetEvaluation:
    """Test a run on another dataset, or on other listeners of its own dataset.

    Every model of the run answers to every trial, and the mean of their calibrated probabilities is
    scored against the labels of `relabel`. These are relative to each listener, so that other
    rating scales do not matter.

    Parameters
    ----------
    run_path : Path
        Run store.
    workspace : Workspace
        Where the stores of `dataset` are.
    dataset : str
        What it is tested on.
    figures : Path, optional
        Folder for tables (CSV) and figures; none are made if not given.
    look : Look, optional
        Size, colours and resolution of the figures; if None, only tables are written.

    Raises
    ------
    RtcanError
        If the run was trained on these recordings or on some of these listeners, a store is missing
        or does not fit the run, or no trial has both an answer and a label.
    """
    run = Run.load(run_path)
    sources = replace(
        new_sources(run, workspace, dataset, {}), labels=workspace.store(dataset, "labels")
    )
    ids, made = sources.check()
    refuse_outdated(sources)
    if trained_on_these(run, ids, workspace):
        raise RtcanError(
            f"{run.name} was trained on these recordings, or their ratings: its folds test it on "
            "them",
            command_line("evaluate", run.name, workspace=run.workspace),
        )
    _refuse_shared(run, workspace, dataset)
    with Store(workspace.store(dataset, "labels"), "labels") as store:
        labels = store.table("labels")
    same = made.dataset == run.dataset.name
    is_own = profile(made.dataset).own  # anybody may have a subject 1
    # What another dataset calls by the same name is somebody else, or another song.
    answers = predict_stores(
        run_path, workspace, dataset, all_new=same, same_songs=same and not is_own
    )
    trained = {canonical(name) for name in run.predictions["subject"].unique()}
    known = sorted(n for n in answers.answers["subject"].unique() if canonical(n) in trained)
    if known and same and not is_own:
        raise RtcanError(
            f"{run.name} was trained on {len(known)} of these subjects: {some(known)}",
            f"other listeners of {run.dataset.title} in this workspace",
        )
    found = {target: _labelled(answers.answers, labels, target) for target in run.settings.targets}
    scores = {target: intervals(trials) for target, trials in found.items()}
    for target, trials in found.items():
        error = expected_calibration_error(trials["label"], trials["probability"])
        scores[target].loc["ece", "estimate"] = error
    tested = pd.concat(found.values())
    n_trials = len(tested[list(TRIAL_KEY)].drop_duplicates())
    result = CrossDatasetEvaluation(
        run=answers.run,
        on=dataset,
        on_simulated=made.simulated,
        simulated=answers.simulated,
        n_subjects=tested["subject"].nunique(),
        n_trials=n_trials,
        n_left_out=len(labels) - n_trials,
        scores=_together([_scores(*each, found[each[0]]) for each in scores.items()]),
        verdicts=_together([_verdict(*each, found[each[0]]) for each in scores.items()]),
        models=_together([_models(answers.models, *each) for each in found.items()]),
        subjects=_together([_subjects(*each) for each in found.items()]),
    )
    notes = [
        Note("judgement", f"{row['target']}: {judgement_in_words(row)}")
        for _, row in result.verdicts.iterrows()
    ]
    notes += single_test_notes(result.verdicts, result.n_subjects)
    if known and same:
        text = (
            f"{len(known)} subjects have the names of subjects of the run ({some(known)}): if they "
            "are the same people, these are not scores of new listeners"
        )
        notes.append(Note("known_names", text))
    result = replace(result, notes=(*notes, *answers.notes))
    if figures is None:
        return result
    folder = folder_below(figures, run.dataset.name, run.name, f"on_{dataset}")
    files = write_csv(result, folder, simulated=result.simulated)
    if look is None:
        return replace(result, files=tuple(files))
    from rtcan_cli.plots import confusion as confusion_plot  # these need Matplotlib
    from rtcan_cli.plots.roc import roc
    from rtcan_cli.plots.save import save

    for target, trials in found.items():
        title = f"{run.dataset.title} to {dataset}, {target}: {label_of(run)}"
        whole = fold_scores(trials["label"], trials["probability"], trials["fold"])
        estimate = scores[target]["estimate"]
        drawn = {
            "confusion": confusion_plot.confusion(
                confusion(whole), title=title, simulated=result.simulated, look=look
            ),
            "roc": roc(
                trials,
                auc=estimate["auc"],
                average_precision=estimate["average_precision"],
                title=title,
                simulated=result.simulated,
                look=look,
            ),
        }
        for name, figure in console.counted(drawn.items(), f"figures, {target}", "figure"):
            files += save(figure, folder / f"{name}_{target}", look)
    return replace(result, files=tuple(files))


def _refuse_shared(run: Run, workspace: Workspace, dataset: str) -> None:
    """Refuse recordings of the run's own study, whatever the dataset is called that they are in.

    Raises
    ------
    RtcanError
        Naming the first, as far as the recordings that the run was trained on are still there.
    """
    if run.workspace is None:
        return
    try:
        seen = dict(_recordings(Workspace(run.workspace), run.dataset.name))
        shared = [each for each in _recordings(workspace, dataset) if each[0] in seen]
    except BlockedError:
        raise
    except RtcanError:
        return  # of the run's own, or of these: only what is made of them is there
    if shared:
        number, name = shared[0]
        raise RtcanError(
            f"{len(shared)} recordings of {dataset} are also in the study that {run.name} was "
            f"trained on: {name} is {seen[number]} there",
            "a dataset of other listeners",
        )


def _recordings(workspace: Workspace, dataset: str) -> Iterator[tuple[int, str]]:
    """Fingerprint and trial of each recording that is used."""
    with Store(workspace.store(dataset, "recordings"), "recordings") as store:
        table = store.table("recordings", [*TRIAL_KEY, "problem"])
        for row, (*key, problem) in enumerate(table.itertuples(index=False)):
            if not problem:
                yield fingerprint(store.signal("eda", row)), trial_name(*key)


def _labelled(answers: pd.DataFrame, labels: pd.DataFrame, target: str) -> pd.DataFrame:
    """Answers about one target with the labels of their trials, where there is one."""
    label = labels.set_index(list(TRIAL_KEY))[target].astype(int).rename("label")
    trials = answers[answers["target"] == target].join(label, on=list(TRIAL_KEY))
    trials = trials[trials["label"] >= 0].reset_index(drop=True)
    if trials.empty:
        raise RtcanError(f"no trial has both an answer and a label of {target}")
    return trials.assign(fold=1)  # one answer, of all models together


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True)


def _scores(target: str, scores: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    table = scores.rename_axis("score").reset_index().assign(target=target)
    table["leading"] = table["score"] == leading_score(trials["label"])
    table["score"] = table["score"].replace(NAMES)
    table = table.sort_values("leading", ascending=False, kind="stable")
    return table[list(CROSS_SCORE_COLUMNS)].astype({"n_resamples": "Int64"})


def _verdict(target: str, scores: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    named = scores.rename_axis("score").reset_index().set_index("score", drop=False)
    lead = named.loc[leading_score(trials["label"])]
    row = judgement(lead, float(trials["label"].mean()), trials["subject"].nunique(), len(trials))
    return row.assign(target=target)[list(VERDICT_COLUMNS)]


def _models(models: pd.DataFrame, target: str, trials: pd.DataFrame) -> pd.DataFrame:
    """Scores of each model alone: how much the answer depends on what it was trained on."""
    key = list(TRIAL_KEY)
    said = models[models["target"] == target].join(trials.set_index(key)["label"], on=key)
    said = said.dropna(subset=["label"]).astype({"label": int})
    table = fold_scores(said["label"], said["probability"], said["fold"])
    return table.assign(target=target)[list(MODEL_COLUMNS)]


def _subjects(target: str, trials: pd.DataFrame) -> pd.DataFrame:
    table = group_scores(trials).rename(columns=NAMES).assign(target=target)
    return table[list(SUBJECT_COLUMNS)]
