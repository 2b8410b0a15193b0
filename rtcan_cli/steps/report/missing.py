"""What would answer what the runs of a dataset leave open, each with the line to type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rtcan_cli import choices
from rtcan_cli.command_line import CommandLine
from rtcan_cli.datasets.profiles import TARGETS, profile
from rtcan_cli.errors import RtcanError
from rtcan_cli.results.answer import Answer
from rtcan_cli.results.base import Note
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.seeds import Seeds
from rtcan_cli.steps.paper.rows import settings_like
from rtcan_cli.steps.report.answer import INPUTS
from rtcan_cli.steps.scores.judgement import LEAST_SUBJECTS
from rtcan_cli.steps.scores.simple_rivals import OF_SONGS
from rtcan_cli.stores import Store, Workspace

#: Simple models that are asked for where an input has none.
_SIMPLE = {
    "none": ("logistic", "boosting", "duration-prior"),
    "music-only": ("svm-music",),
}


def missing(
    stores: Workspace, answer: Answer, runs: Sequence[Run], speaking: Sequence[Seeds]
) -> Iterator[Note]:
    """Yield what was not tried on a dataset, or cannot be.

    Parameters
    ----------
    stores : Workspace
        Where its stores are.
    answer : Answer
        What is known.
    runs : sequence of Run
        All its runs, newest first, for settings to be alike.
    speaking : sequence of Seeds
        Those that speak for the inputs.
    """
    name = answer.dataset
    if not runs:
        text = "no model was trained on all of its folds yet"
        yield Note("not_trained", text, stores.line("train", dataset=name))
        return
    for group in speaking:
        yield from _stale(stores, group.first)
    if answer.tests.empty:
        text = "no run holds out whole subjects, so none says anything about unseen ones"
        yield Note("seen_subjects", text, _line(stores, name, runs))
    audio, music = _has_audio(stores, name), stores.store(name, "music").exists()
    for fusion, asked in INPUTS.items():
        if fusion == "none" or music:
            yield from _of_input(stores, answer, runs, fusion, asked)
    if not music:
        what = profile(name).stimuli_word
        if audio:
            text = f"music was not tried: the {what} have audio, but no features were computed"
            yield Note("no_music", text, stores.line("music-features", dataset=name))
        else:
            yield Note("no_audio", f"music was not tried: there is no audio of the {what}")
    if answer.protocols.empty:
        yield from _memory(answer, speaking)
    n_subjects = answer.tests["n_subjects"].max() if len(answer.tests) else LEAST_SUBJECTS
    if n_subjects < LEAST_SUBJECTS:
        text = (
            f"at least {LEAST_SUBJECTS} subjects are needed for any answer, and more for a sure one"
        )
        yield Note("too_few_subjects", text)


def _stale(stores: Workspace, run: Run) -> Iterator[Note]:
    """Say that a run was trained on other stores than those that are there now."""
    if changed := stores.changed(run.dataset.name, run.provenance):
        text = f"{run.name} was trained before {' and '.join(changed)} changed"
        yield Note("stale_run", text, run.line())


def _of_input(
    stores: Workspace, answer: Answer, runs: Sequence[Run], fusion: str, asked: str
) -> Iterator[Note]:
    """Networks and simple models that an input lacks."""
    name = answer.dataset
    tests = answer.tests[answer.tests["input"] == asked]
    if fusion != "music-only":
        there = set(tests.loc[tests["role"] == "network", "target"])
        lacking = tuple(target for target in TARGETS if target not in there)
        if lacking:
            of = "" if len(lacking) == len(TARGETS) else f" for {lacking[0]}"
            line = _line(stores, name, runs, fusion=fusion, targets=lacking)
            yield Note("no_network", f"no network was trained on {asked}{of}", line)
    if fusion in _SIMPLE and tests[tests["role"] == "simple"].empty:
        if fusion == "none" and not stores.store(name, "features").exists():
            line = stores.line("eda-features", dataset=name)
            yield Note("no_features", "simple models of EDA need its features first", line)
        models = _SIMPLE[fusion]
        line = _line(stores, name, runs, models, fusion)
        alone = " alone" if fusion == "music-only" else ""
        yield Note("no_simple_model", f"no simple model was trained on {asked}{alone}", line)
    if fusion == "none" and OF_SONGS not in set(answer.tests["model"]):
        word = profile(name).stimulus_word
        text = f"how much the ratings of other subjects for the same {word} tell was not measured"
        yield Note("no_song_prior", text, _line(stores, name, runs, (OF_SONGS,)))


def _memory(answer: Answer, speaking: Sequence[Seeds]) -> Iterator[Note]:
    """The line that shows what is memory of subjects."""
    if speaking:
        is_network = [each.first.settings.model.is_network for each in speaking]
        run = speaking[is_network.index(True) if any(is_network) else 0].first
        settings, usual = run.settings, "trial"
        if settings.splits_from is not None or settings.protocol != choices.PROTOCOL:
            # Protocols are compared only if each deals its own folds.
            settings, usual = replace(settings, splits_from=None), f"trial,{choices.PROTOCOL}"
        line = settings.line(answer.dataset, run.workspace, protocol=usual)
        yield Note("no_protocols", "memory of people was not measured", line)


def _line(
    stores: Workspace,
    dataset: str,
    runs: Sequence[Run],
    models: Sequence[str] = (choices.MODEL,),
    fusion: str = "none",
    targets: tuple[str, ...] = TARGETS,
) -> CommandLine:
    """The line that trains models as the runs that are there were trained."""
    like = settings_like(runs, dataset, models[0], fusion=fusion, targets=targets)
    changed = {"model": ",".join(models)} if len(models) > 1 else {}
    return like.line(dataset, stores.root, **changed)


def _has_audio(stores: Workspace, dataset: str) -> bool:
    try:
        with Store(stores.store(dataset, "recordings"), "recordings") as store:
            return bool((store.array("stimuli/audio") != "").any())
    except RtcanError:
        return False
