"""A run and new recordings -> what each of its models says of them, and all of them together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.command_line import command_line
from rtcan_cli.datasets.identifiers import canonical
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.errors import BlockedError, RtcanError
from rtcan_cli.extras import require
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.base import Note, as_data
from rtcan_cli.results.deployment.prediction import (
    HELD_OUT,
    LEFT_OUT_COLUMNS,
    NEW,
    SEEN,
    UNKNOWN,
    Prediction,
)
from rtcan_cli.runs.eda_fit import check_fit, kind_of, trained_kind
from rtcan_cli.runs.inputs import Key, LeftOut, SharedInputs, Sources, new_trials
from rtcan_cli.runs.music_fit import check_music
from rtcan_cli.runs.origin import (
    made_with,
    notes_on_settings,
    recorded,
    sees_within_subject,
    trained_on,
)
from rtcan_cli.runs.present import refuse_changed, refuse_outdated
from rtcan_cli.runs.run import Run, about
from rtcan_cli.steps.deployment.new_recording import UNNAMED, NewRecording, recording_notes
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.training.data import Trials
from rtcan_cli.training.ensemble import Ensemble
from rtcan_cli.training.folds.splits import TEST, TRAIN, UNUSED, VALIDATION
from rtcan_cli.training.trained import TrainedModel
from rtcan_cli.trial_key import TRIAL_KEY

ENDINGS = (".csv", ".tsv", ".json")
#: Stores that belong to the recordings of one study.
_OWN = {"components", "features"}
#: Before the names of songs of other datasets; no name contains a control character.
_OTHER = "\x1f"


def predict_stores(
    run_path: Path,
    workspace: Workspace,
    dataset: str,
    given: Mapping[str, Path | None] | None = None,
    *,
    calibrated: bool = True,
    all_folds: bool = False,
    all_new: bool = False,
    same_songs: bool = False,
    output: Path | None = None,
) -> Prediction:
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
        Whether probabilities are scaled by the temperature of each fold.
    all_folds : bool
        Also ask models about trials that they were trained or validated on.
    all_new : bool
        Whether subjects and stimuli are others than the run's, whatever they are called. In another
        dataset they always are.
    same_songs : bool
        Whether stimuli are the run's all the same, where they have the names of these.
    output : Path, optional
        A file for all answers, one of `ENDINGS`.

    Raises
    ------
    RtcanError
        If a store is missing or does not fit the run, or no trial can be answered.
    """
    _check_output(output)
    run = Run.load(run_path)
    if run.settings.model.is_network:
        require("predict", "torch")
    sources = new_sources(run, workspace, dataset, given or {})
    ids, made = sources.check()
    refuse_outdated(sources)
    if all_new and trained_on_these(run, ids, workspace):
        raise RtcanError(
            f"{run.name} was trained on these very recordings: they are not new",
            "the same command without --all-new",
        )
    settings = run.settings
    # Where the run is in another workspace, so are the stores that it was trained on.
    trained = trained_on(run, Workspace(run.workspace) if run.workspace else workspace)
    new = made_with(sources, workspace)
    _check_scale(run, new, dataset)
    if "music" in new:
        check_music(run, trained, new["music"], dataset)
    kind = kind_of(new)
    if kind is not None:
        check_fit(run, trained_kind(run, trained), kind, f"the EDA of {made.dataset}")
    by_name = made.dataset == run.dataset.name and not all_new
    asking = _Asking(run, calibrated, all_folds, by_name, by_name or same_songs)
    shared = SharedInputs()
    for target in settings.targets:
        seen = settings.onset, settings.spec.length, settings.model.features, settings.window
        trials, left_out = new_trials(sources, target, *seen, shared=shared)
        asking.ask(target, trials, left_out)
    refuse_changed(sources, ids)
    notes = notes_on_settings(run, trained, new)
    if asking.n_known and profile(made.dataset).own:
        text = (
            f"{asking.n_known} of the answers are about trials with the names of trials of the "
            "run, and are treated as those; if this is another study, repeat with --all-new"
        )
        notes.append(Note("known_names", text))
    result = asking.result(
        notes, dataset=made.dataset, all_new=all_new, simulated=run.simulated or made.simulated
    )
    return _written(result, output)


def _check_scale(run: Run, new: Mapping[str, Mapping[str, Any]], dataset: str) -> None:
    """Refuse features that are relative to the subject for a run on others, and the other way."""
    if "features" not in new:
        return
    own, other = sees_within_subject(run), bool(new["features"].get("within_subject"))
    if own != other:
        words = {True: "relative to those of the same subject", False: "as they are"}
        options: dict[str, Any] = {"within_subject": True} if own else {}
        raise RtcanError(
            f"{run.name} was trained on features {words[own]}, and those of {dataset} are "
            f"{words[other]}",
            command_line("eda-features", dataset=dataset, **options),
        )


def trained_on_these(run: Run, ids: dict[str, str], workspace: Workspace) -> bool:
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
) -> Prediction:
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
    if run.settings.model.is_network:
        require("predict", "torch")
    trained = trained_on(run, workspace)
    trials = recording.trials(run, trained)
    asking = _Asking(run, calibrated, all_folds, by_name=True, same_songs=True)
    for target in run.settings.targets:
        asking.ask(target, trials, [])
    result = asking.result(
        recording_notes(recording, run, trained, recorded(run, workspace)),
        eda_file=recording.eda,
        audio_file=recording.audio,
        simulated=run.simulated or recording.simulated,
    )
    return _written(result, output)


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
        store("recordings") if sees in ("duration", "none") else None,
        sees == "duration",
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
        One of the words of `rtcan_cli.results.deployment.prediction`.
    subject : NDArray of bool (n,)
        Whether the run has the subject, in this or another trial.
    """

    role: NDArray[np.int8]
    status: NDArray[np.str_]
    subject: NDArray[np.bool_]


class _Asking:
    """Asks the models of a run about trials, and collects what they say."""

    def __init__(
        self, run: Run, calibrated: bool, all_folds: bool, by_name: bool, same_songs: bool
    ) -> None:
        self._run, self._calibrated, self._all_folds = run, calibrated, all_folds
        #: Whether a song with the name of one of the run is that song.
        self._same_songs = same_songs
        #: Whether a trial of the same subject, stimulus and repetition as one of the run is that
        #: trial.
        self._by_name = by_name
        self._tables: list[pd.DataFrame] = []
        self._models: list[pd.DataFrame] = []
        self._left_out: list[tuple[str, LeftOut]] = []
        self._temperatures: list[float] = []
        self._new_of_known = 0

    @property
    def n_known(self) -> int:
        """Answers about trials that were taken for the run's own."""
        return sum(int((table["status"] != NEW).sum()) for table in self._tables)

    def ask(self, target: str, trials: Trials, left_out: list[LeftOut]) -> None:
        """Ask the models of one target."""
        run = self._run
        if self._by_name:
            _refuse_alike(run, trials)
        self._left_out += [(target, each) for each in left_out]
        folds = run.trained_folds(target)
        known = self._known(target, trials, folds)
        asked = (known.role == TEST) | (known.status != HELD_OUT)[:, None]
        answered = asked.any(axis=1)
        for subject, stimulus, repetition in _keys(trials.take(np.flatnonzero(~answered))):
            reason = "all models of the run were trained on it (--all-folds asks them)"
            self._left_out.append((target, LeftOut(subject, stimulus, reason, repetition)))
        if not answered.any():
            return
        if not self._same_songs:
            # A name that no run has: a model of songs must not take one for another.
            trials = replace(trials, piece=np.array([f"{_OTHER}{each}" for each in trials.piece]))
        else:
            # A stimulus has the name of its song that the run knows it by.
            known_as = dict(zip(run.predictions["stimulus"], run.predictions["song"], strict=True))
            piece = [known_as.get(s, p) for s, p in zip(trials.stimulus, trials.piece, strict=True)]
            trials = replace(trials, piece=np.array(piece))
        models = run.models_of_folds(target, folds)
        self._temperatures += [model.temperature for model in models]
        kept = trials.take(np.flatnonzero(answered))
        asking = console.counted(models, f"answers, {target}", "model")
        answers = np.column_stack(
            [answer_of_model(run, each, kept, self._calibrated) for each in asking]
        )
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
        self._tables.append(table)
        key = table[["target", *TRIAL_KEY]]
        said = [key.assign(fold=f, probability=answers[:, i]) for i, f in enumerate(folds)]
        # Of a trial one after the other; NaN where a model was not asked.
        self._models.append(
            pd.concat(said).dropna(subset=["probability"]).sort_index(kind="stable")
        )

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

    def result(self, notes: list[Note], **asked: Any) -> Prediction:
        """All that was said; notes and what was asked about come from who asks.

        Raises
        ------
        RtcanError
            If there is no answer.
        """
        if not self._tables:
            reasons = dict.fromkeys(each.reason for _, each in self._left_out)
            raise RtcanError(f"{self._run.name} has no answer: {'; '.join(reasons)}")
        answers, temperatures = pd.concat(self._tables, ignore_index=True), self._temperatures
        known = bool(np.isfinite(temperatures).all())
        wanted = "calibrated" if known else "no_temperatures"
        left_out = [{"target": target, **each._asdict()} for target, each in self._left_out]
        return Prediction(
            run=about(self._run),
            calibration=wanted if self._calibrated else "not_wanted",
            lowest_temperature=min(temperatures) if known else None,
            highest_temperature=max(temperatures) if known else None,
            answers=answers,
            models=pd.concat(self._models, ignore_index=True),
            left_out=pd.DataFrame(left_out, columns=list(LEFT_OUT_COLUMNS)),
            notes=(*self._leak_notes(answers), *notes),
            **asked,
        )

    def _leak_notes(self, table: pd.DataFrame) -> list[Note]:
        counts = table["status"].value_counts()
        notes = []
        if HELD_OUT in counts:
            text = (
                f"{counts[HELD_OUT]} of the answers are about trials of the run itself: only the "
                "fold that tests a trial was used for it, because the others have learned from it"
            )
            notes.append(Note(HELD_OUT, text))
        if SEEN in counts:
            text = (
                f"{counts[SEEN]} of the answers are about trials of the run itself, and come also "
                "from models that were trained on them: they say nothing about new trials"
            )
            notes.append(Note(SEEN, text))
        if UNKNOWN in counts or self._run.is_imported:
            text = (
                "it is not known which trials the imported network was trained on; if they are "
                "among these, it may have memorised the answers"
            )
            notes.append(Note("imported_network", text))
        if self._new_of_known:
            text = (
                f"{self._new_of_known} of the answers are about new trials of subjects that the "
                "run was trained with"
            )
            notes.append(Note("known_subjects", text))
        return notes


def _refuse_alike(run: Run, trials: Trials) -> None:
    """Refuse names that may be those of the run, written otherwise.

    Taken as new, such trials would be answered by models that have learned from them.
    """
    for what, alone in (("subject", "a new subject"), ("stimulus", "a new stimulus")):
        names = dict.fromkeys(run.predictions[what].tolist())
        written = {canonical(name): name for name in names}
        for name in dict.fromkeys(getattr(trials, what).tolist()):
            other = written.get(canonical(name), name)
            if name not in (UNNAMED, *names) and other != name:
                raise RtcanError(
                    f"{what} {name!r} may be {other!r}, which {run.name} was trained with",
                    f"write it like this, or give {alone} a name that differs in more than case, "
                    "spaces or leading zeros; for a dataset of another study, --all-new",
                )


def _keys(trials: Trials) -> list[Key]:
    """Subject, stimulus and repetition of each trial."""
    return list(zip(*(getattr(trials, name).tolist() for name in TRIAL_KEY), strict=True))


def answer_of_model(
    run: Run, model: TrainedModel, trials: Trials, calibrated: bool
) -> NDArray[np.float64]:
    """Probability of high that the model of one fold of a run gives to each trial (n,).

    Raises
    ------
    RtcanError
        If the trials have not the features that it takes.
    """
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


def _written(result: Prediction, output: Path | None) -> Prediction:
    """The result, written to a file if one is wanted."""
    if output is None:
        return result
    result = replace(result, files=(output,))
    if output.suffix.lower() == ".json":
        content = json.dumps(as_data(result), allow_nan=False, indent=1) + "\n"
    else:
        key = ["target", *TRIAL_KEY]
        of_folds = result.models.pivot_table(index=key, columns="fold", values="probability")
        table = result.answers.join(of_folds.add_prefix("fold_"), on=key).assign(
            calibrated=result.calibration == "calibrated",
            simulated=result.simulated,
            run=result.run.name,
        )
        separator = "\t" if output.suffix.lower() == ".tsv" else ","
        content = table.to_csv(index=False, sep=separator, lineterminator="\n")
    write_whole(output, content)
    return result
