"""One trial over time -> one HTML file that plays: with its own script, and nothing from elsewhere.

The script and the styles are allowed by their hashes, so that nothing else in the page can run.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rtcan_cli import __version__
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.files.atomic import write_whole
from rtcan_cli.results.attention.listening import Listening, Sound
from rtcan_cli.views.attention import listening as view
from rtcan_cli.views.html.document import grid
from rtcan_cli.views.html.recording import SIMULATED, response_in_words
from rtcan_cli.views.html.render import environment
from rtcan_cli.views.overview import recording

#: Notes with paths, or about what to do next: the page may be passed on.
_FOR_THE_MAKER = ("audio_known", "no_audio", "no_networks")
_KINDS = ("css", "js")
_ATTENTION = (
    "Attention is guided Grad-CAM for the class that a network called; the highest weight of each "
    "network is 1. It shows where a network looked; it is not a proof of why it decided, "
    "which gradcam --check tests."
)
_FIRST_SECONDS = (
    "P(high) over time describes a trained network; it is not how an emotion develops. For each "
    "time t, the first t seconds of the recording were z-scored and decomposed again, and given to "
    "the network as if the recording had ended there: nothing later is used, except where a gap "
    "was repaired across the cut. The "
    "networks were trained on whole recordings. The last point is the answer that the run has "
    "stored, before calibration."
)


def write_listening(result: Listening, sound: Sound | None, output: Path) -> Listening:
    """Write a trial as one HTML file, which appears whole or not at all.

    Parameters
    ----------
    result : Listening
    sound : Sound, optional
        What it plays.
    output : Path
        The file. A link to the song is relative, so that both can be moved together.

    Returns
    -------
    Listening
        The result with the file.
    """
    room = files("rtcan_cli.views.html")
    style, script = (room.joinpath(f"listening.{kind}").read_text("utf-8") for kind in _KINDS)
    facts = recording.facts(result.trial)
    names = [f"{word} {found}" for word, found in list(facts.items())[1:3]]
    responses = recording.responses_table(result.responses, result.trial)
    tables = [("events", grid(responses))] if responses.rows else []
    if len(result.networks):
        tables.append(("networks", grid(view.networks_table(result))))
    output.parent.mkdir(parents=True, exist_ok=True)
    page = (
        environment()
        .get_template("listening.html")
        .render(
            word=profile(result.trial.dataset).stimulus_word,
            title=f"{profile(result.trial.dataset).title}: {', '.join(names)}",
            policy=_policy(style, script, sound),
            style=style,
            script=script,
            alarm=SIMULATED if result.trial.simulated else "",
            facts=[facts["recording"], f"EDA in {facts['EDA']}", f"rtcan {__version__}"],
            seconds=result.trial.seconds,
            embedded=_embedded(sound),
            link=_link(sound, output.parent),
            status=_status(sound),
            tables=tables,
            text=_text(result),
            notes=[note.text for note in result.notes if note.kind not in _FOR_THE_MAKER],
            data=_data(result),
        )
    )
    write_whole(output, page)
    return replace(result, files=(output,))


def _policy(style: str, script: str, sound: Sound | None) -> str:
    """What the page may do: run its own script, and play what is in it, beside it or chosen."""
    hashes = [base64.b64encode(hashlib.sha256(each.encode()).digest()) for each in (style, script)]
    of_style, of_script = (f"'sha256-{each.decode()}'" for each in hashes)
    media = "blob:"
    if sound is not None:
        media += " data:" if sound.content is not None else " 'self' file:"
    return (
        f"default-src 'none'; script-src {of_script}; style-src {of_style}; media-src {media}; "
        "base-uri 'none'; form-action 'none'"
    )


def _embedded(sound: Sound | None) -> str:
    """The audio itself, as an address."""
    if sound is None or sound.content is None:
        return ""
    return f"data:{sound.kind};base64,{base64.b64encode(sound.content).decode('ascii')}"


def _link(sound: Sound | None, folder: Path) -> str | None:
    """The audio that lies elsewhere, seen from the page."""
    if sound is None or sound.file is None:
        return None
    return Path(os.path.relpath(sound.file.resolve(), folder.resolve())).as_posix()


def _status(sound: Sound | None) -> str:
    if sound is None:
        return "Without it, the page plays without sound."
    where = "is part of this page" if sound.content is not None else "lies beside this page"
    return f"{sound.name} {where}."


def _text(result: Listening) -> list[str]:
    """How the page was made, and what it does not show."""
    word = profile(result.trial.dataset).stimulus_word
    start = f"{result.song_start:g} s after that" if result.song_start else "at the same moment"
    text = [
        f"Time counts from the first sample of the EDA. The {word} begins {start}; while its audio "
        "plays, the audio drives the cursor. A skin conductance response follows its stimulus by "
        "1 to 3 s.",
    ]
    if len(result.parts):
        text.append(response_in_words(result))
    if result.networks.empty:
        return [*text, "No network is shown."]
    text += [_ATTENTION, _FIRST_SECONDS]
    if result.window is not None:
        text.append(
            f"These networks see the part {result.window} of a recording, after an onset of "
            f"{result.onset:g} s: they are evaluated as soon as the window is full."
        )
    else:
        short, long = result.lengths
        text.append(
            "A network stretches what it sees to the same number of samples, so that the length "
            f"itself tells it something. Of this dataset, 9 of 10 recordings last {short:.1f} to "
            f"{long:.1f} s after the onset of {result.onset:g} s, which networks do not see. Thin "
            f"lines: other lengths. Grey: too short (by a factor above {result.shortest:g}), not "
            "evaluated."
        )
    if result.hears_music:
        text.append(
            f"These networks also see features of the whole {word}, at every time the same: the "
            f"curves move by the EDA alone, and what the {word} adds is in them from the start."
        )
    return text


def _data(result: Listening) -> dict[str, Any]:
    """What the script draws."""
    eda, parts, found = result.eda, result.parts, result.responses
    ends = (found["peak"] + found["recovery_time"]).fillna(
        found["onset"].shift(-1, fill_value=result.trial.seconds)
    )
    return {
        "word": profile(result.trial.dataset).stimulus_word,
        "seconds": result.trial.seconds,
        "songStart": result.song_start,
        "name": "EDA",
        "unit": recording.shown_unit(result.trial),
        "eda": {"time": _numbers(eda["time"]), "value": _numbers(eda["eda"])},
        "repaired": _stretches(eda),
        "parts": {name: _numbers(parts[name]) for name in parts} if len(parts) else None,
        "responses": [
            {"onset": row.onset, "peak": row.peak, "end": end, "amplitude": row.amplitude_recorded}
            for row, end in zip(found.itertuples(), ends, strict=True)
        ],
        "targets": [
            _target(result, target, own)
            for target, own in result.networks.groupby("target", sort=False)
        ],
    }


def _target(result: Listening, target: str, own: pd.DataFrame) -> dict[str, Any]:
    rating = result.ratings.set_index("target").loc[target]
    title = f"{target.capitalize()}: "
    title += f"the subject felt {rating['label']}" if rating["label"] else "no label"
    if np.isfinite(rating["rating"]):
        title += f" (rating {rating['rating']:.3g}"
        if np.isfinite(rating["threshold"]):
            title += f", high above {rating['threshold']:.3g}"
        title += ")"
    networks = []
    for row in own.itertuples():
        looked, said = (
            table[(table["target"] == target) & (table["run"] == row.run)]
            for table in (result.attention, result.predictions)
        )
        networks.append(
            {
                "name": row.network,
                "short": row.network.split(":")[0],
                "explained": row.explained_class,
                "peak": None if pd.isna(row.peak) else row.peak,
                **{name: _numbers(looked[name]) for name in ("begin", "end", "weight")},
                **{name: _numbers(said[name]) for name in ("time", "probability", "usual")},
            }
        )
    return {
        "name": target,
        "title": title,
        "networks": networks,
        "first": own["first"].iloc[0],
    }


def _numbers(values: pd.Series) -> list[float | None]:
    """Numbers of five digits, which is more than a screen shows; null where there is none."""
    return [float(f"{value:.5g}") if np.isfinite(value) else None for value in values.astype(float)]


def _stretches(eda: pd.DataFrame) -> list[tuple[float, float]]:
    """Beginning and end of each run of repaired samples."""
    runs = (eda["repaired"] != eda["repaired"].shift()).cumsum()[eda["repaired"].astype(bool)]
    times = eda.loc[runs.index, "time"].groupby(runs)
    return [(float(each.min()), float(each.max())) for _, each in times]
