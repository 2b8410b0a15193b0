"""Stores and runs -> the paper's figures: labels, accuracy by subjects, attention."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rtcan_cli import choices
from rtcan_cli.command_line import CommandLine
from rtcan_cli.datasets.profiles import TARGETS
from rtcan_cli.errors import RtcanError
from rtcan_cli.extras import require
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.results.attention.trial import TrialAttention
from rtcan_cli.results.base import Note, note_of
from rtcan_cli.results.paper import Paper
from rtcan_cli.results.scores.scaling import SubjectScaling
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.attention.networks import SHOWN, sources_of
from rtcan_cli.steps.data.relabel import few_ratings
from rtcan_cli.steps.data.relabel_figure import plot_steps
from rtcan_cli.steps.paper.rows import has_paper_network, settings_like
from rtcan_cli.steps.scores.scaling import follow_subjects
from rtcan_cli.stores import Store, Workspace

#: The trial of the paper's Figs. 5 to 8.
SUBJECT, STIMULUS = "100184", "1"
#: The figures that can be drawn.
NUMBERS = (3, 4, 5, 6, 7, 8)
#: Figures of attention, which are drawn together: in which way, and of which target.
DRAWN = {
    5: ("columns", "valence"),
    6: ("heat", "valence"),
    7: ("columns", "arousal"),
    8: ("heat", "arousal"),
}


@dataclass(frozen=True)
class Trial:
    """What Figs. 3 and 5 to 8 are to be of.

    Parameters
    ----------
    dataset, subject, stimulus : str, optional
        What is not said is chosen: PMEmo, subject 100184 and song 1, as in the paper, or else the
        first that is there.
    """

    dataset: str | None = None
    subject: str | None = None
    stimulus: str | None = None


@dataclass(frozen=True)
class PaperFigure:
    """One of the paper's figures.

    Parameters
    ----------
    number : int
        3 to 8.
    files : tuple of Path
        Those of the figure.
    result : SubjectScaling, or what `gradcam` answers, optional
        The numbers that belong to it.
    notes : tuple of Note
        What has to be said of it.
    problem : RtcanError, optional
        Why it could not be made.
    """

    number: int
    files: tuple[Path, ...] = ()
    result: SubjectScaling | TrialAttention | None = None
    notes: tuple[Note, ...] = ()
    problem: RtcanError | None = None

    @property
    def note(self) -> Note | None:
        """Why it is not shown, and what to do about it."""
        if self.problem is None:
            return None
        text = f"Fig. {self.number} is not shown: {self.problem}"
        return note_of(self.problem, "not_shown", text)


def paper_figures(
    stores: Workspace,
    paths: Sequence[Path],
    numbers: Sequence[int],
    folder: Path,
    trial: Trial,
    look: Look = PAPER,
) -> Paper:
    """Draw the paper's figures.

    Parameters
    ----------
    stores : Workspace
        Its stores are drawn from.
    paths : sequence of Path
        Run stores for Figs. 4 to 8.
    numbers : sequence of int
        Figures, 3 to 8.
    folder : Path
        Where to write to.
    trial : Trial
        What Figs. 3 and 5 to 8 are of; Fig. 4 only goes by its dataset.
    look : Look
        Size, colours and resolution of the figures.

    Raises
    ------
    RtcanError
        If none of the figures could be made.
    """
    runs = [Run.load(path) for path in paths]
    figures = list(make_figures(stores, runs, numbers, folder, trial, look))
    problems = [figure.problem for figure in figures if figure.problem is not None]
    if len(problems) == len(numbers):
        raise problems[0]
    made = [figure for figure in figures if figure.problem is None]
    results = [figure.result for figure in made]
    return Paper(
        scaling=next((each for each in results if isinstance(each, SubjectScaling)), None),
        attention=next((each for each in results if isinstance(each, TrialAttention)), None),
        notes=(
            *(note for figure in made for note in figure.notes),
            *(figure.note for figure in figures if figure.note is not None),
        ),
        files=tuple(dict.fromkeys(file for figure in made for file in figure.files)),
    )


def make_figures(
    stores: Workspace,
    runs: Sequence[Run],
    numbers: Sequence[int],
    folder: Path,
    trial: Trial,
    look: Look = PAPER,
) -> Iterator[PaperFigure]:
    """Yield the paper's figures of these numbers; see `paper_figures`."""
    if 3 in numbers:
        yield _try(3, lambda: _draw_labels(stores, folder, trial, look))
    if 4 in numbers:
        mine = [run for run in runs if trial.dataset in (None, run.dataset.name)]
        dataset = trial.dataset or _usual_dataset(stores)
        yield _try(4, lambda: _of(follow_subjects(mine, folder, stores.root, dataset, look)))
    attention = [number for number in numbers if number > 4]
    if attention:
        # They are drawn together.
        wanted = {DRAWN[number] for number in attention}
        drawn = _try(
            attention[0],
            lambda: _of(_draw_attention(stores, runs, folder, trial, wanted, look)),
        )
        for number in attention:
            yield _part(drawn, number, stores, runs, trial)


def _of(result: SubjectScaling | TrialAttention) -> dict[str, Any]:
    """A figure whose numbers are a result, which has its own notes."""
    return {"files": result.files, "result": result}


def _try(number: int, draw: Callable[[], dict[str, Any]]) -> PaperFigure:
    try:
        return PaperFigure(number, **draw())
    except RtcanError as error:
        return PaperFigure(number, problem=error)


def _draw_labels(stores: Workspace, folder: Path, trial: Trial, look: Look) -> dict[str, Any]:
    there = stores.datasets()
    dataset = stores.dataset(trial.dataset or (_usual_dataset(stores) if there else None))
    labels = stores.store(dataset, "labels")
    with Store(labels, "labels") as store:
        thresholds = store.table("thresholds")
    subjects = thresholds.loc[~thresholds["fallback"], "subject"].tolist()
    subject = trial.subject or _usual(SUBJECT, subjects)
    files = plot_steps(stores.store(dataset, "recordings"), labels, subject, folder, look)
    return {"files": tuple(files), "notes": tuple(few_ratings(labels, subject))}


def _draw_attention(
    stores: Workspace,
    runs: Sequence[Run],
    folder: Path,
    trial: Trial,
    drawn: Collection[tuple[str, str]],
    look: Look,
) -> TrialAttention:
    shown = _showing_attention(runs, trial)
    for run in shown:
        tested = run.predictions.dropna(subset=["probability"])
        for wanted, column, usual in (
            (trial.subject, "subject", SUBJECT),
            (trial.stimulus, "stimulus", STIMULUS),
        ):
            value = wanted or _usual(usual, tested[column].tolist())
            tested = tested[tested[column] == value]
        if len(tested):
            require("a figure of attention", "torch", "captum")
            from rtcan_cli.steps.attention.one_trial import explain_trial  # waits for PyTorch

            subject, stimulus = tested[["subject", "stimulus"]].iloc[0]
            others = [each.path for each in shown]
            sources = sources_of(stores, run.path)
            return explain_trial(
                run.path,
                sources,
                subject,
                stimulus,
                folder,
                others,
                targets=_targets(run, drawn, stores, runs),
                drawn=drawn,
                look=look,
            )
    asked = [word for word in (trial.dataset, trial.subject, trial.stimulus) if word is not None]
    dataset = trial.dataset or (runs[0].dataset.name if runs else _usual_dataset(stores))
    raise RtcanError(
        f"no run of the paper's network with attention modules ({', '.join(SHOWN)}) tests "
        + (" ".join(asked) if asked else "any trial"),
        _line(stores, runs, dataset),
    )


def _targets(
    run: Run, drawn: Collection[tuple[str, str]], stores: Workspace, runs: Sequence[Run]
) -> tuple[str, ...]:
    """What a run predicts of what is to be drawn."""
    wanted = tuple(name for name in TARGETS if any(name == target for _, target in drawn))
    found = tuple(name for name in wanted if name in run.settings.targets)
    if not found:
        raise RtcanError(
            f"the runs do not predict {' or '.join(wanted)}",
            _line(stores, runs, run.dataset.name, wanted),
        )
    return found


def _showing_attention(runs: Sequence[Run], trial: Trial) -> list[Run]:
    """The runs that Figs. 5 to 8 can be of, the one to be preferred first."""
    shown = [
        run
        for run in runs
        if trial.dataset in (None, run.dataset.name)
        and _holds_out_subjects(run)
        and run.settings.spec.variant in SHOWN
    ]
    # As in the paper where there is a choice: PMEmo, and fused; then as where no run is named.
    shown.sort(key=lambda run: run.created, reverse=True)
    shown.sort(key=lambda run: (not run.is_complete, run.settings.subjects is not None))
    shown.sort(key=lambda run: (run.dataset.name != "pmemo", run.settings.fusion == "none"))
    return shown


def _holds_out_subjects(run: Run) -> bool:
    """Whether it is the paper's network, and subjects that test it have not trained it."""
    return run.settings.protocol == choices.PROTOCOL and has_paper_network(run)


def _usual_dataset(stores: Workspace) -> str:
    """PMEmo, as in the paper, or else the first dataset that is there."""
    there = stores.datasets()
    return there[0] if there and "pmemo" not in there else "pmemo"


def _usual(wanted: str, there: Sequence[str]) -> str:
    """What the paper shows, or else the first that is there."""
    return wanted if wanted in there or not there else there[0]


def _line(
    stores: Workspace, runs: Sequence[Run], dataset: str, targets: tuple[str, ...] = TARGETS
) -> CommandLine:
    """The line that trains the networks of Figs. 5 to 8, like what is there, or as in the paper."""
    usual = "music" if dataset == "pmemo" else "none"
    there = [run for run in runs if run.dataset.name == dataset and _holds_out_subjects(run)]
    fusion = there[0].settings.fusion if there else usual
    like = settings_like(runs, dataset, fusion=fusion, targets=targets)
    return like.line(dataset, stores.root, variant=",".join(SHOWN))


def _part(
    drawn: PaperFigure, number: int, stores: Workspace, runs: Sequence[Run], trial: Trial
) -> PaperFigure:
    """One of the four figures that were drawn together."""
    way, target = DRAWN[number]
    stems = f"attention_{way}_{target}_", f"attention_{target}_"  # the figure, and its numbers
    files = tuple(path for path in drawn.files if path.name.startswith(stems))
    problem = drawn.problem
    if problem is None and not any(path.name.startswith(stems[0]) for path in files):
        dataset = _showing_attention(runs, trial)[0].dataset.name
        problem = RtcanError(
            f"the runs do not predict {target}", _line(stores, runs, dataset, (target,))
        )
    return replace(drawn, number=number, files=files, problem=problem)
