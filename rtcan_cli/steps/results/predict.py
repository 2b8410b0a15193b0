"""A run and new recordings -> what each of its models says of them, and all of them together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.console import jsonable
from rtcan_cli.errors import BlockedError, RtcanError
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.report import Report, Table
from rtcan_cli.runs.eda_fit import check_fit, kind_of, trained_kind
from rtcan_cli.runs.inputs import Key, LeftOut, Sources, new_trials
from rtcan_cli.runs.origin import made_with, recorded, trained_on, warnings
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.results.new_recording import NewRecording, notes
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.training.data import Trials
from rtcan_cli.training.ensemble import Ensemble
from rtcan_cli.training.folds.splits import TEST, TRAIN, UNUSED, VALIDATION
from rtcan_cli.training.trained import TrainedModel
from rtcan_cli.trial_key import TRIAL_KEY

ENDINGS = (".csv", ".tsv", ".json")
#: Trials that the terminal shows.
SHOWN = 50

#: Stores that belong to the recordings of one study.
_OWN = {"components", "features"}
#: What a trial is to the run that answers.
NEW, HELD_OUT, SEEN, UNKNOWN = "new", "held out", "seen in training", "unknown"


def predict_stores(
    run_path: Path,
    workspace: Workspace,
    dataset: str,
    given: Mapping[str, Path | None] | None = None,
    *,
    calibrated: bool = True,
    all_folds: bool = False,
    all_new: bool = False,
    output: Path | None = None,
) -> Report:
    """Predict the trials of stores.

    Parameters
    ----------
    run_path : Path
        Run store.
    workspace : Workspace
        Where the stores are, and those that the run was trained on.
    dataset : str
        The dataset to predict.
    given : mapping of str to Path, optional
        Stores to use instead of the workspace's, by kind.
    calibrated : bool
        Whether probabilities are brought to the temperature of each fold.
    all_folds : bool
        Also ask models about trials that they were trained or validated on.
    all_new : bool
        Whether subjects and stimuli are others than the run's, whatever they are called.
    output : Path, optional
        A file for all answers, one of `ENDINGS`.

    Raises
    ------
    RtcanError
        If a store is missing or does not fit the run, or no trial can be answered.
    """
    _check_output(output)
    run = Run.load(run_path)
    sources = new_sources(run, workspace, dataset, given or {})
    ids, made = sources.check()
    if all_new and _trained_on(run, ids, workspace):
        raise RtcanError(
            f"{run.name} was trained on these very recordings: they are not new",
            "the same command without --all-new",
        )
    settings = run.settings
    trained, new = trained_on(run, workspace), made_with(sources, workspace)
    kind = kind_of(new)
    if kind is not None:
        check_fit(run, trained_kind(run, trained), kind, f"the EDA of {made.dataset}")
    by_name = made.dataset == run.dataset.name and not all_new
    asking = _Asking(run, calibrated, all_folds, by_name)
    for target in settings.targets:
        trials, left_out = new_trials(
            sources, target, settings.onset, settings.spec.length, settings.model.features
        )
        asking.ask(target, trials, left_out)
    simulated = run.simulated or made.simulated
    about = made.dataset + (", all treated as new" if all_new else "")
    report = asking.report(about, simulated, output)
    report.notes += warnings(run, trained, new)
    if asking.n_known and made.dataset == "table":
        report.notes.append(
            f"{asking.n_known} of the answers are about trials with the names of trials of the "
            "run, and are treated as those; if this is another study, repeat with --all-new"
        )
    return report


def _trained_on(run: Run, ids: dict[str, str], workspace: Workspace) -> bool:
    """Whether a run was trained on the recordings of stores with these content ids."""
    inputs = run.provenance.inputs
    if _OWN & ids.keys():
        return any(inputs.get(kind) == ids[kind] for kind in _OWN & ids.keys())
    # It sees music alone, which others may have heard, too. Whose labels it learned tells, as long
    # as these are there.
    try:
        with Store(workspace.store(run.dataset.name, "labels"), "labels") as labels:
            return (
                labels.content_id == inputs.get("labels")
                and labels.provenance.inputs.get("recordings") == ids["recordings"]
            )
    except BlockedError:
        raise
    except RtcanError:
        return False


def predict_recording(
    run_path: Path,
    workspace: Workspace,
    recording: NewRecording,
    *,
    calibrated: bool = True,
    all_folds: bool = False,
    output: Path | None = None,
) -> Report:
    """Predict one recording in a file.

    Parameters
    ----------
    run_path, workspace, calibrated, all_folds, output
        As of `predict_stores`.
    recording : NewRecording
        The files.

    Raises
    ------
    RtcanError
        If a file is missing, or cannot be used.
    """
    _check_output(output)
    run = Run.load(run_path)
    trained = trained_on(run, workspace)
    trials = recording.trials(run, trained)
    asking = _Asking(run, calibrated, all_folds, by_name=True)
    for target in run.settings.targets:
        asking.ask(target, trials, [])
    files = [path.name for path in (recording.eda, recording.audio) if path is not None]
    report = asking.report(", ".join(files), run.simulated or recording.simulated, output)
    report.notes += notes(recording, run, trained, recorded(run, workspace))
    return report


def new_sources(
    run: Run, workspace: Workspace, dataset: str, given: Mapping[str, Path | None]
) -> Sources:
    """The stores that a run needs to answer to a dataset."""

    def store(kind: str) -> Path:
        return given.get(kind) or workspace.store(dataset, kind)

    sees = run.settings.model.sees(run.settings.fusion)
    return Sources(
        store("components") if sees == "signals" else None,
        None,
        store("music") if run.settings.fusion != "none" else None,
        store("features") if sees == "features" else None,
        store("recordings") if sees == "none" else None,
    )


def dataset_of_stores(given: Mapping[str, Path | None]) -> str | None:
    """The dataset of the first store that was named, if one was."""
    for kind, path in given.items():
        if path is not None:
            with Store(path, kind) as store:
                return store.provenance.dataset
    return None


@dataclass(frozen=True)
class _Known:
    """What a run has done with each trial that it is asked about.

    Parameters
    ----------
    role : NDArray of int8 (n, n_models)
        In the fold of each model, as in `rtcan_cli.training.folds.splits`; `UNUSED` for new trials.
    status : NDArray of str (n,)
        One of the words above.
    subject : NDArray of bool (n,)
        Whether the run has the subject, in this or another trial.
    """

    role: NDArray[np.int8]
    status: NDArray[np.str_]
    subject: NDArray[np.bool_]


class _Asking:
    """Asks the models of a run about trials, and collects what they say."""

    def __init__(self, run: Run, calibrated: bool, all_folds: bool, by_name: bool) -> None:
        self._run, self._calibrated, self._all_folds = run, calibrated, all_folds
        #: Whether a trial of the same subject, stimulus and repetition as one of the run is that
        #: trial.
        self._by_name = by_name
        self._tables: list[pd.DataFrame] = []
        self._left_out: list[LeftOut] = []
        self._temperatures: list[float] = []
        self._new_of_known = 0

    @property
    def n_known(self) -> int:
        """Answers about trials that were taken for the run's own."""
        return sum(int((table["status"] != NEW).sum()) for table in self._tables)

    def ask(self, target: str, trials: Trials, left_out: list[LeftOut]) -> None:
        """Ask the models of one target."""
        run = self._run
        self._left_out += left_out
        folds = run.trained_folds(target)
        known = self._known(target, trials, folds)
        asked = (known.role == TEST) | (known.status != HELD_OUT)[:, None]
        answered = asked.any(axis=1)
        for subject, stimulus, repetition in _keys(trials.take(np.flatnonzero(~answered))):
            reason = f"{target}: all models of the run were trained on it (--all-folds uses them)"
            self._left_out.append(LeftOut(subject, stimulus, reason, repetition))
        if not answered.any():
            return
        if self._by_name:
            # A stimulus has the name of its song that the run knows it by.
            known_as = dict(zip(run.predictions["stimulus"], run.predictions["song"], strict=True))
            piece = [known_as.get(s, p) for s, p in zip(trials.stimulus, trials.piece, strict=True)]
            trials = replace(trials, piece=np.array(piece))
        models = [run.model_of_fold(target, fold) for fold in folds]
        self._temperatures += [model.temperature for model in models]
        kept = trials.take(np.flatnonzero(answered))
        answers = np.column_stack([_answer(run, each, kept, self._calibrated) for each in models])
        answers[~asked[answered]] = np.nan
        together = Ensemble.of(answers)
        status = known.status[answered]
        self._new_of_known += int(((status == NEW) & known.subject[answered]).sum())
        table = pd.DataFrame(
            {
                "target": target,
                "subject": kept.subject.astype(object),
                "stimulus": kept.stimulus.astype(object),
                "repetition": kept.repetition,
                "status": status.astype(object),
                "probability": together.probability,
                "call": np.where(together.probability > 0.5, "high", "low").astype(object),
                "sd": together.sd,
                "lowest": together.lowest,
                "highest": together.highest,
                "n_models": together.n_models,
            }
        )
        own = {f"fold_{fold}": answers[:, i] for i, fold in enumerate(folds)}
        self._tables.append(table.assign(**own))

    def _known(self, target: str, trials: Trials, folds: list[int]) -> _Known:
        run, n = self._run, len(trials)
        role = np.full((n, len(folds)), UNUSED, np.int8)
        status = np.full(n, NEW, dtype=f"<U{len(SEEN)}")
        own = run.trials(target)
        subjects = set(run.predictions["subject"]) if self._by_name else set()
        keys = zip(*(own[name].tolist() for name in TRIAL_KEY), strict=True)
        row_of = {trial: row for row, trial in enumerate(keys) if self._by_name}
        membership = run.splits(target).role[:, np.array(folds) - 1]
        for i, trial in enumerate(_keys(trials)):
            row = row_of.get(trial)
            if row is None:
                continue
            role[i] = membership[row]
            if run.is_imported:
                status[i] = UNKNOWN
            else:
                learned = self._all_folds and np.isin(role[i], (TRAIN, VALIDATION)).any()
                status[i] = SEEN if learned else HELD_OUT
        in_run = np.array([str(subject) in subjects for subject in trials.subject])
        return _Known(role, status, in_run)

    def report(self, asked_about: str, simulated: bool, output: Path | None) -> Report:
        """Tell what was said, and write all of it to a file."""
        run = self._run
        if not self._tables:
            reasons = dict.fromkeys(each.reason for each in self._left_out)
            raise RtcanError(f"{run.name} has no answer: {'; '.join(reasons)}")
        table = pd.concat(self._tables, ignore_index=True)
        is_calibrated = self._calibrated and bool(np.isfinite(self._temperatures).all())
        facts = {
            "run": run.name,
            "trained on": run.dataset.title + (" (simulated)" if run.simulated else ""),
            "model": run.network,
            "asked about": asked_about + (" (simulated)" if simulated else ""),
            "probabilities": self._describe_calibration(is_calibrated),
        }
        report = Report("predict", facts=facts)
        mark = ", simulated data" if simulated else ""
        # Hearings are numbered where somebody met a stimulus more than once.
        key = list(TRIAL_KEY if (table["repetition"] > 1).any() else TRIAL_KEY[:2])
        columns = ["target", *key, "P(high)", "call", "lowest", "highest"]
        names = ["target", *key, "probability", "call", "lowest", "highest"]
        shown = table[[*names, "n_models", "status"]].head(SHOWN)
        title = f"Mean over the models, and their range{mark}"
        rows = shown.to_numpy(object).tolist()
        report.tables.append(Table(title, [*columns, "models", "trial"], rows))
        if len(table) == len(self._tables):  # one trial a target
            report.tables.append(self._fold_table(table, mark))
        if self._left_out:
            counts = Counter(each.reason for each in self._left_out)
            left = [[reason, count] for reason, count in counts.most_common()]
            report.tables.append(Table("Left out", ["reason", "trials"], left))
        report.notes += self._leak_notes(table)
        if len(table) > SHOWN:
            rest = f"the first {SHOWN} of {len(table)} answers are shown"
            report.notes.append(rest if output else f"{rest}; --output FILE.csv writes all")
        if output is not None:
            table = table.assign(calibrated=is_calibrated, simulated=simulated, run=run.name)
            _write(output, table, facts, self._left_out)
            report.files = [output]
        return report

    def _describe_calibration(self, is_calibrated: bool) -> str:
        if is_calibrated:
            low, high = min(self._temperatures), max(self._temperatures)
            return f"calibrated on validation folds (temperatures {low:.2f} to {high:.2f})"
        if self._calibrated:
            return "not calibrated: the run has no temperatures"
        return "not calibrated"

    @staticmethod
    def _fold_table(table: pd.DataFrame, mark: str) -> Table:
        names = [name for name in table if name.startswith("fold_")]
        rows = [[name.removeprefix("fold_"), *table[name].tolist()] for name in names]
        title = f"P(high) of each fold's model{mark}"
        return Table(title, ["fold", *table["target"]], rows)

    def _leak_notes(self, table: pd.DataFrame) -> list[str]:
        counts = table["status"].value_counts()
        said = []
        if HELD_OUT in counts:
            said.append(
                f"{counts[HELD_OUT]} of the answers are about trials of the run itself: only the "
                "fold that tests a trial was used for it, because the others have learned from it"
            )
        if SEEN in counts:
            said.append(
                f"{counts[SEEN]} of the answers are about trials of the run itself, and come also "
                "from models that were trained on them: they say nothing about new trials"
            )
        if UNKNOWN in counts or self._run.is_imported:
            said.append(
                "it is not known which trials the imported network was trained on; if they are "
                "among these, it may have memorised the answers"
            )
        if self._new_of_known:
            said.append(
                f"{self._new_of_known} of the answers are about new trials of subjects that the "
                "run was trained with"
            )
        return said


def _keys(trials: Trials) -> list[Key]:
    """Subject, stimulus and repetition of each trial."""
    return list(zip(*(getattr(trials, name).tolist() for name in TRIAL_KEY), strict=True))


def _answer(run: Run, model: TrainedModel, trials: Trials, calibrated: bool) -> NDArray[np.float64]:
    spec = model.spec
    for what, own, new in (
        ("music features", spec.n_music, trials.n_music if spec.n_music else 0),
        ("EDA features", spec.n_features, trials.n_features),
    ):
        if own != new:
            raise RtcanError(
                f"{run.name} takes {own} {what}, these are {new}",
                "the features that it was trained with",
            )
    return model.calibrated(trials) if calibrated else model.probability(trials)


def _check_output(output: Path | None) -> None:
    if output is not None and output.suffix.lower() not in ENDINGS:
        raise RtcanError(
            f"{output}: of a kind that is not written", f"a name that ends in {', '.join(ENDINGS)}"
        )


def _write(
    output: Path, table: pd.DataFrame, facts: dict[str, Any], left_out: list[LeftOut]
) -> None:
    if output.suffix.lower() == ".json":
        content = {
            **{name.replace(" ", "_"): value for name, value in facts.items()},
            "answers": table.to_dict("records"),
            "left_out": [each._asdict() for each in left_out],
        }
        write_whole(output, json.dumps(jsonable(content), allow_nan=False, indent=1) + "\n")
    else:
        separator = "\t" if output.suffix.lower() == ".tsv" else ","
        write_whole(output, table.to_csv(index=False, sep=separator))
