from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.collections import PolyCollection

from rtcan_cli.errors import RtcanError
from rtcan_cli.plots.quality_page import MOST_TRACES, Trace, envelope, quality_page
from tests.plots.seen import lightness

NAN = np.nan
RATE = 10.0
SAMPLES = arrays(
    np.float64, st.integers(0, 90), elements=st.sampled_from([-2.0, 0.0, 1.0, 3.0, NAN])
)


def trace(title="100184 1 (valence)", note="a gap of 3.2 s (at most 1 s is repaired)", **changes):
    eda = 2 + np.sin(np.arange(400) / 30)
    masks = {name: np.zeros(400, bool) for name in ("repaired", "flat", "clipped", "implausible")}
    given = {"eda": eda, "sampling_rate": RATE, **masks, **changes}
    return Trace(title, note, **given)


def marked(*stretches, n=400):
    mask = np.zeros(n, bool)
    for start, stop in stretches:
        mask[start:stop] = True
    return mask


def empty():
    nothing = np.zeros(0, bool)
    masks = dict.fromkeys(("repaired", "flat", "clipped", "implausible"), nothing)
    return trace(eda=np.zeros(0), **masks)


def bars(axes):
    """Begin and end [s] of the repaired, the missing and the implausible stretches."""
    both = [each for each in axes.collections if isinstance(each, PolyCollection)]
    assert len(both) == 3
    return [
        [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in each.get_paths()]
        for each in both
    ]


@pytest.mark.parametrize(("n", "simulated"), [(1, True), (5, False), (MOST_TRACES, True)])
def test_says_what_it_shows(read, n, simulated):
    traces = [trace(f"1001{k:02d} 7 (arousal)") for k in range(n)]
    text = read(quality_page(traces, title="PMEmo, the worst", unit="uS", simulated=simulated))
    assert {"PMEmo, the worst", "EDA [uS]"} <= set(text)
    assert {"EDA", "repaired gap", "missing", "implausible", "flat", "clipped"} <= set(text)
    assert [each for each in text if "arousal" in each] == [each.title for each in traces]
    assert text.count("a gap of 3.2 s (at most 1 s is repaired)") == n
    assert text.count("time [s]") == min(n, 3)
    assert ("simulated data" in text) == simulated


HARD = (
    trace("W" * 60, "55.55 % of the samples are clipped (at most 25 %); " * 4),
    trace("participant_00012 mozart_k448_first_movement (both)", "W" * 90),
    trace("", ""),
    trace("$a_1 b$ 3 (both)", "100 $ of_the $ samples"),
    trace(eda=np.full(400, NAN), note="every sample is missing"),
    trace(eda=np.full(400, 2.5), flat=np.ones(400, bool)),
    trace(eda=1e6 + np.arange(400) / 100),
    trace(eda=-1e-7 * np.arange(400)),
    trace(eda=np.where(np.arange(400) == 200, np.inf, 1e9)),
    empty(),
)


def test_long_names_and_odd_signals_stay_legible(read):
    text = read(quality_page(HARD * 2, title="odd", unit="a.u."))
    assert "$a_1 b$ 3 (both)" in text
    notes = [each for each in text if each.startswith("55.55 %")]
    assert [note.count("\n") for note in notes] == [1, 1]
    assert all(note.endswith("…") for note in notes)
    assert any(each.startswith("WWWW") and each.endswith("…") for each in text)


def test_marks_lie_where_they_belong():
    eda = 2 + np.sin(np.arange(400) / 30)
    eda[100:150] = NAN
    eda[300] = np.inf
    shown = trace(
        eda=eda,
        repaired=marked((20, 25), (60, 61)),
        flat=marked((160, 240)),
        clipped=marked((0, 10), (390, 400)),
        implausible=marked((20, 23), (110, 130)),
    )
    (axes,) = quality_page([shown], title="a", unit="uS").axes
    assert axes.get_xlim() == (0, 40)
    repaired, missing, implausible = bars(axes)
    assert np.allclose(implausible, [(2, 2.3), (11, 13)])
    assert np.allclose(repaired, [(2, 2.5), (6, 6.1)])
    assert np.allclose(missing, [(10, 15), (30, 30.1)])
    flat, clipped, line = axes.lines
    assert np.isnan(line.get_ydata()).sum() == 2  # one break a gap
    for drawn, mask in ((flat, shown.flat), (clipped, shown.clipped)):
        time, value = drawn.get_data()
        at = np.round(time[np.isfinite(value)] * RATE).astype(int)
        assert mask[at].all()
        assert {np.flatnonzero(mask)[0], np.flatnonzero(mask)[-1]} <= set(at)
        np.testing.assert_array_equal(value[np.isfinite(value)], eda[at])


def test_marks_differ_in_grey():
    figure = quality_page([trace()], title="a", unit="uS")
    repaired, missing, implausible, flat, clipped = figure.legends[0].legend_handles[1:]
    assert missing.get_hatch()
    assert not repaired.get_hatch()
    marks = (
        implausible.get_facecolor(),
        clipped.get_color(),
        repaired.get_facecolor(),
        flat.get_color(),
        "white",
    )
    assert (np.diff([lightness(colour) for colour in marks]) > 10).all()
    assert flat.get_linewidth() > 2 * clipped.get_linewidth()


def test_spikes_of_a_long_recording_stay():
    eda = np.sin(np.arange(192_000) / 9000)
    eda[[77_777, 150_001]] = 9, -9
    none = np.zeros(eda.size, bool)
    masks = dict.fromkeys(("repaired", "flat", "clipped", "implausible"), none)
    long = trace(eda=eda, sampling_rate=128.0, **masks)
    line = quality_page([long], title="a", unit="uS").axes[0].lines[-1]
    time, value = line.get_data()
    assert len(value) <= 1200
    assert time[value.argmax()] * 128 == pytest.approx(77_777)
    assert time[value.argmin()] * 128 == pytest.approx(150_001)
    assert time[[0, -1]] * 128 == pytest.approx([0, 191_999])


@given(SAMPLES, st.integers(1, 40))
def test_envelope_keeps_what_the_eye_sees(signal, n_bins):
    place, value = envelope(signal, n_bins)
    assert np.isfinite(value).sum() <= 4 * n_bins
    known = np.isfinite(value)
    np.testing.assert_array_equal(value[known], signal[place[known]])
    assert (np.diff(place[known]) > 0).all()
    width = max(-(-signal.size // n_bins), 1)
    for start in range(0, signal.size, width):
        part = signal[start : start + width]
        kept = value[known][(place[known] >= start) & (place[known] < start + width)]
        assert np.isfinite(part).any() == bool(kept.size)
        if kept.size:
            assert (kept.min(), kept.max()) == (np.nanmin(part), np.nanmax(part))
    # The line is broken exactly where samples are missing between two that are drawn.
    for here, there in zip(np.flatnonzero(known)[:-1], np.flatnonzero(known)[1:], strict=True):
        gap = np.isnan(signal[place[here] : place[there]]).any()
        assert gap == (there - here > 1)


@given(SAMPLES)
def test_a_short_signal_is_drawn_whole(signal):
    place, value = envelope(signal)
    known = np.isfinite(signal)
    np.testing.assert_array_equal(value[np.isfinite(value)], signal[known])
    np.testing.assert_array_equal(place[np.isfinite(value)], np.flatnonzero(known))


@pytest.mark.parametrize("n", [0, MOST_TRACES + 1])
def test_a_page_has_an_end(n):
    with pytest.raises(RtcanError, match=f"a page shows 1 to {MOST_TRACES} recordings, not {n}"):
        quality_page([trace()] * n, title="a", unit="uS")
