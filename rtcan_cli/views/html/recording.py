"""One recording -> one HTML file."""

from __future__ import annotations

from dataclasses import replace

from rtcan_cli import __version__
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.attention.listening import Listening
from rtcan_cli.results.overview.recording import OneRecording
from rtcan_cli.views.html.document import grid
from rtcan_cli.views.html.render import HtmlPage, Part, Picture, Section, render
from rtcan_cli.views.notes import note_lines
from rtcan_cli.views.overview import recording as view
from rtcan_cli.views.parts import Table

SIMULATED = "SIMULATED DATA. What is shown here says nothing about people."
_CAPTION = (
    "From top to bottom: the recording with its tonic part, repaired samples on coloured ground; "
    "the phasic part with onset, peak and half recovery of each response, whose thin lines are "
    "rise time and amplitude; the driver, the activity of the sudomotor nerve that the "
    "decomposition infers."
)
_RAW_CAPTION = "The recording; repaired samples on coloured ground."


def response_in_words(result: OneRecording | Listening) -> str:
    """What counts as a response."""
    return (
        f"A response is a peak of the phasic part, sampled at {result.scr_rate:g} Hz, with a "
        f"prominence of at least {result.scr_prominence:g} z. Its amplitude is its height above "
        "the lowest point since the peak before; its onset is where the signal has risen by 5 % of "
        "the amplitude; half recovery is the time from the peak until half of the amplitude is "
        "lost. eda-features counts the same responses, without those of the recording's beginning."
    )


def write_recording(result: OneRecording) -> OneRecording:
    """Write a recording as one HTML file beside its figure, which appears whole or not at all.

    Returns
    -------
    OneRecording
        The result with the file.
    """
    wide, narrow = (file for file in result.files if file.suffix == ".svg")
    facts = view.facts(result.trial)
    name = ", ".join(f"{word} {found}" for word, found in list(facts.items())[1:3])
    caption = _CAPTION if result.decomposition else _RAW_CAPTION
    alt = f"{caption} The numbers are in the tables."
    picture = Picture(wide.read_bytes(), caption, alt, narrow.read_bytes())
    figure = Part("Signals", pictures=[picture], notes=note_lines(result.notes))
    sections = [Section("signals", "The recording", [figure])]
    if result.decomposition:
        table = view.responses_table(result.responses, result.trial)
        part = Part("Each response", [grid(table)] if table.rows else [])
        text = [] if table.rows else ["No response was found."]
        text.append(response_in_words(result))
        sections.append(Section("responses", "Skin conductance responses", [part], text))
    quality = view.quality_table(result)
    rows = [
        [*row, meaning]
        for row, meaning in zip(quality.rows, view.quality_meanings(result), strict=True)
    ]
    meant = Table(quality.title, [*quality.columns, "what it is"], rows)
    fault = result.remark or "no fault was found"
    sections += [
        Section("quality", "Quality", [Part(f"Of this recording: {fault}", [grid(meant)])]),
        Section(
            "ratings",
            "Ratings",
            [Part("By the subject", [grid(view.ratings_table(result.ratings))])],
        ),
    ]
    origin = [grid(Table("Raw file", ["setting", "value"], [["read from", result.source]]))]
    if result.decomposition:
        origin.append(grid(view.decomposition_table(result)))
    sections.append(Section("origin", "Where it comes from", [Part("File and settings", origin)]))
    page = HtmlPage(
        title=f"EDA of {name}",
        facts={word: str(found) for word, found in facts.items()} | {"by": f"rtcan {__version__}"},
        alarm=SIMULATED if result.trial.simulated else "",
        sections=sections,
    )
    output = wide.with_suffix(".html")
    write_whole(output, render(page))
    return replace(result, files=(output, *result.files))
