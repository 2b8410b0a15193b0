"""What cvxEDA assumes, and what it returns; without the solvers, which take long to load."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rtcan_cli.choices import ALPHA, GAMMA, PUBLISHED_ALPHA, Alpha
from rtcan_cli.eda.components import Components
from rtcan_cli.eda.cvxeda.penalty import MOST_PHASIC, NOISE_FACTOR
from rtcan_cli.errors import RtcanError


@dataclass(frozen=True)
class CvxedaParameters:
    """What the decomposition assumes; the defaults are those published, except for alpha.

    Attributes
    ----------
    tau0, tau1 : float
        Slow and fast time constant of the Bateman response, in seconds.
    knot_interval : float
        Seconds between the knots of the tonic spline.
    alpha : float or "auto"
        Penalty on the driver: the larger, the sparser. "auto" follows the noise of the recording,
        and is raised where the parts would cancel each other.
    gamma : float
        Penalty on the spline coefficients: the larger, the flatter the tonic part.
    noise_factor : float
        For an alpha of "auto": share of the universal penalty, above 0.
    most_phasic : float
        For an alpha of "auto": the most that the phasic part may vary, in variances of the
        recording; above 0.

    Raises
    ------
    RtcanError
        For a value the model has no meaning for.
    """

    tau0: float = 2.0
    tau1: float = 0.7
    knot_interval: float = 10.0
    alpha: Alpha = ALPHA
    gamma: float = GAMMA
    noise_factor: float = NOISE_FACTOR
    most_phasic: float = MOST_PHASIC

    def __post_init__(self) -> None:
        if not (self.tau0 > 0 and self.tau1 > 0 and self.tau0 != self.tau1):
            raise RtcanError(
                f"tau0 = {self.tau0:g} and tau1 = {self.tau1:g} make no response",
                hint="give two different time constants above 0 s",
            )
        if not self.knot_interval >= 1:
            raise RtcanError(
                f"knots every {self.knot_interval:g} s would let the tonic part follow the "
                "responses",
                hint="give at least 1 s",
            )
        if isinstance(self.alpha, str):
            if self.alpha != "auto":
                raise RtcanError(
                    f"alpha = '{self.alpha}' is not a penalty", hint="give a number, or 'auto'"
                )
        elif not 0 <= self.alpha < math.inf:
            raise RtcanError(
                f"alpha = {self.alpha:g} is not a penalty",
                hint="it must be finite and not negative, or 'auto'",
            )
        if not 0 < self.gamma < math.inf:
            raise RtcanError(
                f"gamma = {self.gamma:g} is not a penalty", hint="it must be finite and above 0"
            )
        if not (0 < self.noise_factor < math.inf and 0 < self.most_phasic < math.inf):
            raise RtcanError(
                f"noise_factor = {self.noise_factor:g} and most_phasic = {self.most_phasic:g} say "
                "nothing of a penalty",
                hint="both must be finite and above 0",
            )


USUAL = CvxedaParameters()
PUBLISHED = CvxedaParameters(alpha=PUBLISHED_ALPHA)


@dataclass(frozen=True)
class CvxedaComponents(Components):
    """The parts of one recording, and the proof that they are the optimum.

    The driver is never negative, and the phasic part its convolution with the Bateman response.

    Attributes
    ----------
    objective : float
        Value of the minimised function.
    gap : float
        Proven bound of how far `objective` is above the optimum.
    iterations : int
        Steps the solver took.
    solver : str
        Which one: "structured" or "cvxopt".
    alpha : float
        The penalty on the driver.
    raised : int
        How many times an alpha of "auto" was raised because the parts cancelled each other.
    """

    objective: float
    gap: float
    iterations: int
    solver: str
    alpha: float
    raised: int = 0
