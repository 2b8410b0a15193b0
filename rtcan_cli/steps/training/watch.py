"""How far networks in training are: read from what they keep, shown, and handed on.

A network keeps each finished epoch beside its run store (`PartialSink`), whichever process trains
it. So its curves can be read from there, and training waits for nobody who watches.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Any

from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.errors import RtcanError
from rtcan_cli.steps.training.begun import until_the_last
from rtcan_cli.steps.training.curves import Curve, Taker, curve_in_training, curve_of
from rtcan_cli.steps.training.plan import Unit

_LOOK_SECONDS = 0.5  # between two looks at the progress
#: Between two lines of one network where there is no terminal.
LINE_SECONDS = 10.0


class Watch:
    """Counts finished epochs and shows them.

    Parameters
    ----------
    units : sequence of Unit
        All that is to be trained, or was before.
    side_by_side : int
        How many are in training at the same time; 0 if that is not known.
    takers : sequence of Taker
        Told of each epoch. One that fails is told no more: training goes on without it.
    """

    def __init__(
        self, units: Sequence[Unit], side_by_side: int = 1, takers: Sequence[Taker] = ()
    ) -> None:
        self._units, self._side_by_side, self._takers = units, side_by_side, list(takers)
        self._over: set[int] = set()
        self._curves: dict[int, Curve] = {}
        self._told: dict[int, tuple[float, int]] = {}  # when, and which epoch
        self._begun = time.monotonic()
        #: What was finished before this call, and how many units were not.
        self._n_before, self._n_missing = 0, len(units)
        self._lock = Lock()
        self._bar: console.Progress | None = None
        #: Whether all are networks: nothing else has epochs.
        self.counts_epochs = all(unit.settings.recipe is not None for unit in units)

    @property
    def total(self) -> int:
        """What there is to count: epochs, or models where not all have epochs."""
        return sum(map(self._size, self._units))

    @property
    def unit(self) -> str:
        """What is counted."""
        return "epoch" if self.counts_epochs else "model"

    def _size(self, unit: Unit) -> int:
        return unit.settings.epochs if self.counts_epochs else 1

    def count(self) -> int:
        """How much of it is finished; a network that stopped early has all its epochs."""
        return self.total - sum(self._rest())

    def _rest(self) -> list[int]:
        """What is left of each unit that is not over."""
        left = []
        for unit in self._units:
            if id(unit) not in self._over:
                curve = self._curves.get(id(unit)) if self.counts_epochs else None
                left.append(self._size(unit) - (curve.n_epochs if curve else 0))
        return left

    def remaining(self) -> float | None:
        """How much could be finished until the end of training if no process ever had to wait.

        None as long as the pace is not known: what is begun at the same time ends at about the same
        time, which says nothing of how long the next ones take.
        """
        rest, done = self._rest(), self.count() - self._n_before
        at_a_time = min(self._side_by_side, self._n_missing)
        if done <= at_a_time:
            return None
        return at_a_time * until_the_last(rest, at_a_time) if at_a_time else sum(rest)

    def finish(self, unit: Unit, result: Mapping[str, NDArray[Any]] | None = None) -> None:
        """Take a unit as over, with its result if it has one that is to be told of."""
        with self._lock:
            self._over.add(id(unit))
            if unit.settings.recipe is not None:
                self._enter(
                    unit,
                    curve_of(unit, result, done=True)
                    if result is not None
                    else curve_in_training(unit, done=True),
                )

    def look(self) -> None:
        """Read how far networks in training are, and show it."""
        with self._lock:
            kept = {unit.partial.folder: unit.partial for unit in self._units}
            there = {folder: partial.names() for folder, partial in kept.items()}
            for unit in self._units:
                if id(unit) not in self._over and unit.checkpoint in there[unit.partial.folder]:
                    self._enter(unit, curve_in_training(unit, done=False))
            self._show()

    def _enter(self, unit: Unit, curve: Curve | None) -> None:
        """Note a curve, and hand on what is new of it."""
        before = self._curves.get(id(unit))
        known = 0 if before is None else before.n_epochs
        if curve is None or (curve.n_epochs <= known and not curve.done):
            return
        self._curves[id(unit)] = curve
        for taker in list(self._takers):
            try:
                taker.take(curve, known)
            except (RtcanError, OSError) as error:  # a full disk
                self._takers.remove(taker)
                console.warn(f"{error}; training goes on without it")
        self._write_line(unit, curve)

    def _show(self) -> None:
        if self._bar is None:
            return
        self._bar.at(self.count())
        waiting = (unit for unit in self._units if id(unit) not in self._over)
        shown = [unit for unit, _ in zip(waiting, range(self._side_by_side), strict=False)]
        self._bar.show([self._words(unit, self._curves.get(id(unit))) for unit in shown])

    def _words(self, unit: Unit, curve: Curve | None) -> str:
        """A network in training, in few words: the run last, where a narrow terminal cuts it."""
        words = f"{unit.target} fold {unit.fold + 1}/{unit.n_folds}"
        if (n := len(unit.settings.model.grid)) > 1:
            words += f", candidate {unit.settings.spec.candidate + 1}/{n}"
        if unit.settings.recipe is not None:
            words += f": epoch {curve.n_epochs if curve else 0}/{unit.settings.epochs}"
        if curve is not None:
            history = curve.history
            words += (
                f", loss {history['train_loss'][-1]:.3f}"
                f", val. accuracy {100 * history['validation_accuracy'][-1]:.1f} %"
                f", best epoch {curve.best_epochs()[-1]}"
            )
        several = len({each.partial.store for each in self._units}) > 1
        return f"{words} ({unit.partial.store.stem})" if several else words

    def _write_line(self, unit: Unit, curve: Curve) -> None:
        """Say how far a network is where there is no bar: now and then, and at its end."""
        if self._bar is None or self._bar.drawn:
            return
        now = time.monotonic()
        when, n_epochs = self._told.get(id(unit), (self._begun, 0))
        if n_epochs == curve.n_epochs or (not curve.done and now - when < LINE_SECONDS):
            return
        self._told[id(unit)] = now, curve.n_epochs
        self._bar.at(self.count())
        history, mark = curve.history, " (simulated)" if curve.simulated else ""
        which = f", candidate {curve.candidate} of {curve.n_candidates}"
        console.say(
            f"{curve.run}, {curve.target}, fold {curve.fold} of {unit.n_folds}"
            f"{which if curve.n_candidates > 1 else ''}: "
            f"epoch {curve.n_epochs} of {unit.settings.epochs}, "
            f"loss {history['train_loss'][-1]:.4f}, "
            f"validation loss {history['validation_loss'][-1]:.4f}, "
            f"validation accuracy {100 * history['validation_accuracy'][-1]:.1f} %{mark}, "
            f"best epoch {curve.best_epochs()[-1]}; {self._bar.state()}"
        )

    @contextmanager
    def shown(self) -> Iterator[console.Progress]:
        """Look every now and then while the body runs, and show it."""
        mark = " (simulated)" if any(unit.made.simulated for unit in self._units) else ""
        # Where there is no terminal, networks have lines of their own.
        lines = not self.counts_epochs
        with console.progress(
            self.total, f"training{mark}", self.unit, lines=lines, remaining=self.remaining
        ) as bar:
            self.look()
            self._n_before, self._n_missing = self.count(), len(self._rest())
            bar.start_at(self._n_before)  # the pace shown is that of this call
            self._bar, stop = bar, Event()

            def watch() -> None:
                while not stop.wait(_LOOK_SECONDS):
                    self.look()

            watcher = Thread(target=watch, daemon=True)
            watcher.start()
            try:
                yield bar
            finally:
                stop.set()
                watcher.join()
                self.look()
