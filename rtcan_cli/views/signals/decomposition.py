"""How recordings were decomposed, for a person."""

from __future__ import annotations

from rtcan_cli.eda.methods import TITLES
from rtcan_cli.results.signals.decomposition import Decomposition
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.parts import Page, Table
from rtcan_cli.views.run import dataset_title
from rtcan_cli.views.signals.shared import eda_in_words, left_out_table


def page(result: Decomposition) -> Page:
    """Method, sampling rate, time and proof of the optimum; the share of each component."""
    seconds = result.signal_seconds
    facts: dict[str, object] = {
        "dataset": dataset_title(result.dataset, result.simulated),
        "EDA": eda_in_words(result.dataset, result.eda_unit, result.eda_polarity),
        "method": f"{TITLES[result.method]}, {_details(result)}",
        "sampling rate [Hz]": _range(result.lowest_sampling_rate, result.highest_sampling_rate),
        "recordings": result.n_recordings,
        "decomposed": result.n_decomposed,
        "seconds of signal": seconds,
        "processor time [ms] per second of signal": (
            1e3 * result.cpu_seconds / seconds if seconds else None
        ),
    }
    if result.time_constants == "fitted" and result.tau_fast is not None:
        # Each recording has its own, and the two medians may be those of different recordings.
        for name in ("fast", "slow"):
            middle, low, high = (
                getattr(result, f"tau_{name}{end}") for end in ("", "_low", "_high")
            )
            facts[f"{name} time constant [s], median and 5 to 95 %"] = (
                f"{middle:.3g}, {low:.3g} to {high:.3g}"
            )
    if result.median_noise is not None:
        facts["median noise (the z-scored signal has 1)"] = result.median_noise
    if result.method == "cvxeda" and result.alpha is None and result.median_alpha is not None:
        facts["alpha"] = (
            f"{result.median_alpha:.2g} (median), "
            f"{result.lowest_alpha:.2g} to {result.highest_alpha:.2g}"
        )
        facts["alpha raised, recordings"] = result.n_alpha_raised
    if result.method == "cvxeda":
        facts["median duality gap"] = result.median_gap
        facts["largest duality gap"] = result.largest_gap
        facts["solved by cvxopt"] = result.n_solved_by_cvxopt
    # The components are not orthogonal, so their variances need not add up to the signal's 1.
    shares = Table(
        "Variance of each component (the z-scored signal has 1)",
        ["component", "median variance", "5 %", "95 %"],
        result.components.to_numpy().tolist(),
    )
    return Page(
        facts=facts,
        tables=[shares, *left_out_table("Not decomposed", result.left_out)],
        notes=note_lines(result.notes),
        files=list(result.files),
    )


def _details(result: Decomposition) -> str:
    if result.method == "cvxeda":
        alpha = "from the noise" if result.alpha is None else f"{result.alpha:g}"
        return f"alpha {alpha}, gamma {result.gamma:g}"
    if result.method == "highpass":
        return f"{result.cutoff:g} Hz"
    if result.method == "median":
        return f"{result.window:g} s"
    if result.time_constants == "fitted":
        return "response fitted to each recording"
    if result.tau_fast is None:
        return "published response"
    return f"response {result.tau_fast:g} s, {result.tau_slow:g} s"


def _range(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
