"""The decompositions to choose from, each as one function of a recording and its sampling rate.

What Numba compiles is imported where it is used: a store that is made already does not need it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from rtcan_cli.choices import (
    DECOMPOSITION,
    TIME_CONSTANTS,
    DecompositionName,
    Solver,
    TimeConstants,
)
from rtcan_cli.eda import highpass
from rtcan_cli.eda.components import Components
from rtcan_cli.eda.cvxeda.parameters import USUAL, CvxedaParameters
from rtcan_cli.eda.preprocess import zscore
from rtcan_cli.errors import RtcanError

if TYPE_CHECKING:
    from rtcan_cli.eda.deconvolution import DeconvolutionParameters

#: What each is called in figures and summaries.
TITLES: dict[str, str] = {
    "cvxeda": "cvxEDA",
    "cda": "continuous decomposition analysis",
    "dda": "discrete decomposition analysis",
    "highpass": "high-pass filter",
    "median": "moving median",
}

#: Those whose driver means something: the others have no impulse response, and a driver of zeros.
WITH_DRIVER = ("cvxeda", "cda", "dda")


@dataclass(frozen=True)
class Method:
    """A decomposition with its parameters.

    Attributes
    ----------
    name : str
        A key of `TITLES`.
    parameters : dict
        Every number and choice that shapes the result; JSON types.
    split : callable
        Called with a z-scored recording, shape (n_samples,), and its sampling rate in Hz; returns
        its parts, or raises `RtcanError`. It can be pickled.
    split_together : callable, optional
        The same for several recordings of one sampling rate, where this takes less time than one
        after the other. Returns for each the parts or the `RtcanError`.
    """

    name: DecompositionName
    parameters: dict[str, Any]
    split: Callable[[NDArray[np.float64], float], Components]
    split_together: (
        Callable[[Sequence[NDArray[np.float64]], float], Sequence[Components | RtcanError]] | None
    ) = None

    def split_all(
        self, recordings: Sequence[NDArray[np.float64]], sampling_rate: float
    ) -> Sequence[Components | RtcanError]:
        """The parts of each recording, or why there are none."""
        if self.split_together is not None:
            return self.split_together(recordings, sampling_rate)
        return [self._split_or_fail(y, sampling_rate) for y in recordings]

    def _split_or_fail(
        self, y: NDArray[np.float64], sampling_rate: float
    ) -> Components | RtcanError:
        try:
            return self.split(y, sampling_rate)
        except RtcanError as error:
            return error


def method(name: DecompositionName = DECOMPOSITION) -> Method:
    """A decomposition with its usual parameters.

    `cvxeda_method` and `deconvolution_method` have others.
    """
    if name == "cvxeda":
        return cvxeda_method()
    if name == "highpass":
        parameters = {"cutoff": highpass.CUTOFF}
        return Method(name, parameters, partial(highpass.split_by_frequency, **parameters))
    if name == "median":
        parameters = {"window": highpass.MEDIAN_SECONDS}
        return Method(
            name, parameters, partial(highpass.split_by_median, seconds=highpass.MEDIAN_SECONDS)
        )
    return deconvolution_method(name)


def deconvolution_method(
    name: Literal["cda", "dda"], time_constants: TimeConstants = TIME_CONSTANTS
) -> Method:
    """The decompositions by deconvolution, see `rtcan_cli.eda.deconvolution`."""
    from rtcan_cli.eda.deconvolution import PUBLISHED as assumed

    return Method(
        name,
        {"time_constants": time_constants, **asdict(assumed)},
        partial(_deconvolve, name=name, time_constants=time_constants, parameters=assumed),
    )


def _deconvolve(
    eda: NDArray[np.float64],
    sampling_rate: float,
    name: Literal["cda", "dda"],
    time_constants: TimeConstants,
    parameters: DeconvolutionParameters,
) -> Components:
    from rtcan_cli.eda import deconvolution

    if time_constants == "fitted":
        parameters = deconvolution.optimised(eda, sampling_rate, parameters)
    split = deconvolution.continuous if name == "cda" else deconvolution.discrete
    return split(eda, sampling_rate, parameters)


def cvxeda_method(parameters: CvxedaParameters = USUAL, solver: Solver = "auto") -> Method:
    """The decomposition by convex optimisation, see `rtcan_cli.eda.cvxeda.solve.decompose`."""
    numbers = asdict(parameters)
    if parameters.alpha != "auto":
        # They shape nothing then, and stores of versions without them stay what they are.
        del numbers["noise_factor"], numbers["most_phasic"]
    return Method(
        "cvxeda",
        {"solver": solver, **numbers},
        partial(_cvxeda, parameters=parameters, solver=solver),
        partial(_cvxeda_together, parameters=parameters, solver=solver),
    )


def _cvxeda(
    eda: NDArray[np.float64], sampling_rate: float, parameters: CvxedaParameters, solver: Solver
) -> Components:
    from rtcan_cli.eda.cvxeda import solve

    return solve.decompose(eda, sampling_rate, parameters, solver)


def _cvxeda_together(
    recordings: Sequence[NDArray[np.float64]],
    sampling_rate: float,
    parameters: CvxedaParameters,
    solver: Solver,
) -> Sequence[Components | RtcanError]:
    from rtcan_cli.eda.cvxeda import solve

    return solve.decompose_all(recordings, sampling_rate, parameters, solver)


def method_of(parameters: Mapping[str, Any]) -> Method:
    """The decomposition that the parameters of a components store name, with its numbers."""
    name = parameters["decomposition"]
    if name != "cvxeda":
        return method(name)
    names = {each.name for each in fields(CvxedaParameters)}
    numbers = {name: parameters[name] for name in names & parameters.keys()}
    return cvxeda_method(CvxedaParameters(**numbers), parameters["solver"])


def get_ready(method: Method, longest: float = 0) -> None:
    """Do, once in a process, what else the first recording would wait for: compile and load.

    Compiled code is kept on disk. So if a process does this before it starts others, these find
    it there instead of compiling all at the same time.

    Parameters
    ----------
    method : Method
        What is going to be used.
    longest : float
        Samples of the longest recording at the rate it is decomposed at: the structured solver of
        cvxEDA has other code for long ones.
    """
    solver = method.parameters.get("solver", "")
    _try_out(method.name, solver, 600)
    if solver in ("auto", "structured"):
        from rtcan_cli.eda.cvxeda.structured import LONG

        if longest > LONG:
            _try_out(method.name, solver, LONG + 1)


@cache
def _try_out(name: DecompositionName, solver: Solver | Literal[""], n_samples: int) -> None:
    usual = cvxeda_method(solver=solver) if solver else method(name)
    t = np.arange(n_samples) / 20
    usual.split(zscore(np.sin(t) + 0.1 * np.sin(7 * t)), 20.0)
