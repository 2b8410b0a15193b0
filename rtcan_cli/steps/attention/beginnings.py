"""The first seconds of a recording, more and more, each as if the recording had ended there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rtcan_cli import console
from rtcan_cli.eda.blocks import Undecomposed, decompose_block
from rtcan_cli.eda.methods import method_of
from rtcan_cli.errors import RtcanError
from rtcan_cli.runs.durations import FACTOR
from rtcan_cli.runs.inputs import Sources, parts_input
from rtcan_cli.runs.run import Run
from rtcan_cli.steps.signals.one_recording import Found
from rtcan_cli.stores import Store

#: Beginnings that networks are asked about, and the shortest step between them in seconds.
N_BEGINNINGS, STEP = 40, 0.5


@dataclass(frozen=True)
class Beginnings:
    """Beginnings of a recording: lengths, what networks see (n, 3, L), which are usual lengths."""

    seconds: NDArray[np.float64]
    eda: NDArray[np.float32]
    usual: NDArray[np.bool_]


def beginnings_of(
    found: Found, sources: Sources, run: Run, lengths: tuple[float, ...]
) -> Beginnings:
    """Cut a recording after more and more seconds, and decompose each beginning on its own.

    A beginning is treated like a recording that ended there: nothing after it is used. A network
    stretches what it sees to its length. So it is not asked about beginnings that are shorter than
    its recordings by more than `FACTOR`; with a window, all are equally long.

    Parameters
    ----------
    found : Found
        The recording.
    sources : Sources
        Of the run; the components say how recordings are decomposed.
    run : Run
        The run, or one that sees the same.
    lengths : tuple of float
        Between which lengths [s] after the onset 9 of 10 recordings are; not used with a window.

    Raises
    ------
    RtcanError
        If the whole recording cannot be shown to a network.
    """
    assert sources.components is not None, "what can be explained sees signals"
    with Store(sources.components, "components") as store:
        how = store.provenance.parameters
    rate = min(found.rate, how.get("rate") or np.inf)
    seen = run.settings.onset, run.settings.spec.length, run.settings.window
    onset, _, window = seen
    if window is None:
        short, long = lengths
        first = onset + short / FACTOR
    else:
        assert window.seconds is not None, "a run has one"
        short, long = 0.0, np.inf
        first = window.seconds + (window.begin if window.place == "from" else onset)
    times, kept, inputs = times_of(first, found.seconds), [], []
    with console.progress(len(times), "first t seconds", "length") as bar:
        for time in times:
            eda = found.eda[: round(time * found.rate)]
            block = [Undecomposed(eda, found.rate, rate, "")]
            parts = decompose_block(block, method_of(how))
            bar.update()
            phasic, tonic, residual = (parts[name] for name in ("phasic", "tonic", "residual"))
            try:
                if parts["problem"][0]:
                    raise RtcanError(str(parts["problem"][0]))
                inputs.append(parts_input(phasic, tonic, residual, rate, *seen))
                kept.append(time)
            except RtcanError as error:  # it is too short for the window, or constant in it
                if time == times[-1]:
                    raise RtcanError(f"networks cannot be shown the recording: {error}") from error
    seconds = np.array(kept)
    left = seconds - onset
    # Lengths in whole samples differ by less than one.
    like = (left > short - 1 / rate) & (left < long + 1 / rate)
    return Beginnings(seconds, np.stack(inputs), like)


def times_of(first: float, whole: float) -> list[float]:
    """Lengths [s] at even distances, backwards from that of the whole recording to the first."""
    step = max(STEP, (whole - first) / N_BEGINNINGS)
    return [whole - k * step for k in range(1 + max(0, int((whole - first) / step)))][::-1]
