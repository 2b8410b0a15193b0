"""The result of `show`: one recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rtcan_cli.files.links import part_of_name
from rtcan_cli.results.base import Column, Result, table, value
from rtcan_cli.trial_key import ending

if TYPE_CHECKING:
    import pandas as pd

QUALITY_COLUMNS = {
    "measure": Column("text", "What is measured, as `info --quality` names it"),
    "value": Column("number", "Of this recording, in the unit of that measure"),
    "median": Column("number", "Median of all recordings of the store"),
}

RATING_COLUMNS = {
    "target": Column("text", "valence or arousal"),
    "rating": Column("number", "The subject's own rating"),
    "threshold": Column("number", "Ratings above this are high; null where none is known"),
    "label": Column("text", "high or low; null without a label"),
}

RESPONSE_COLUMNS = {
    "onset": Column("number", "Where the response begins, from the recording's beginning", "s"),
    "peak": Column("number", "Where it is highest", "s"),
    "amplitude": Column("number", "Rise of the phasic part, from its lowest point before", "z"),
    "amplitude_recorded": Column("number", "The same in the unit of the recording"),
    "rise_time": Column("number", "Time from onset to peak", "s"),
    "recovery_time": Column(
        "number", "Time from the peak to half the amplitude; null if the next one comes first", "s"
    ),
}


@dataclass(frozen=True, kw_only=True)
class AboutTrial:
    """Which recording of which trial it is."""

    dataset: str = value("Dataset, as --dataset takes it")
    simulated: bool = value("Whether the data are simulated")
    subject: str = value("Who listened")
    stimulus: str = value("What was played")
    title: str = value("Title of the song or video and who made it; empty if not known")
    repetition: int = value("Which time this subject met this stimulus, from 1")
    hearing: str = value("Rating that it was recorded for: valence, arousal or both")
    seconds: float = value("Length of the recording", "s")
    sampling_rate: float = value("Sampling rate of the recording", "Hz")
    eda_unit: str = value("Unit of the stored EDA")
    eda_polarity: str = value("What the EDA is, and whether its sign was flipped")
    problem: str | None = value("Why later steps leave it out; null if they use it")

    @property
    def stem(self) -> str:
        """What names of files about it end in."""
        name = f"subject_{part_of_name(self.subject)}_stimulus_{part_of_name(self.stimulus)}"
        name += ending(self.repetition)
        return name + ("" if self.hearing == "both" else f"_{self.hearing}")


@dataclass(frozen=True, kw_only=True)
class OneRecording(Result):
    """One recording: its EDA, what it was decomposed into, its responses and its quality."""

    command: ClassVar[str] = "show"

    trial: AboutTrial = value("Which recording it is")
    ratings: pd.DataFrame = table("What the subject said of it", RATING_COLUMNS)
    responses: pd.DataFrame = table("Its skin conductance responses", RESPONSE_COLUMNS)
    scr_rate: float = value("Rate at which responses are looked for", "Hz")
    scr_prominence: float = value("Prominence of a response, at least", "z")
    source: str = value("Raw file that it was read from, and where in it")
    remark: str = value("Its faults in words; empty if it has none")
    quality: pd.DataFrame = table("Its quality", QUALITY_COLUMNS)
    decomposition: dict[str, Any] = value(
        "How it was decomposed, and what came of it, by name; empty if it is not decomposed"
    )
