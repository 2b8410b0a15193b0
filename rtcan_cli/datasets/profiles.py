"""Facts and defaults that differ between the datasets, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from rtcan_cli.errors import RtcanError

TARGETS = ("valence", "arousal")
"""The two rated dimensions; one model is trained for each."""


@dataclass(frozen=True)
class Profile:
    """What the rest of rtcan has to know about one dataset.

    Attributes
    ----------
    name : str
        Name on the command line.
    title : str
        Name in messages, tables and figures.
    rating_scale : tuple of float
        Lowest and highest possible rating; for own recordings unless an option says otherwise.
    eda_unit : str
        Unit of the signals as they are shipped; it also tells conductance from resistance, see
        `rtcan_cli.datasets.polarity`. ``a.u.`` where the publisher does not state it. For own
        recordings as `rating_scale`.
    sampling_rate : float
        Published sampling rate in Hz; for own recordings that of common wristbands.
    onset : float
        Seconds dropped from the start of every decomposed recording: the time before the stimulus
        where it was recorded (DEAP 3 s, AMIGOS 5 s), else the 3 s a listener needs before feeling
        anything (PMEmo, HKU956, CASE, own recordings). None on WESAD, whose reader leaves out the
        beginnings of conditions.
    variant : str
        Attention variant that Yin et al. (2022, Table 5) found best on this dataset.
    stimulus_word : str
        What a stimulus is called in messages.
    published_trials : int or None
        Trials that Yin et al. (2022, Table 1) used; None for data that are not theirs.
    absolute : bool
        Whether signals in microsiemens have their offset and their scale. PMEmo's have not: the
        traces that its authors show have a standard deviation of 1 and lie around 0.
    lead : float
        Seconds of each recording before its stimulus begins.
    own : bool
        Whether the recordings are the user's own, of whom nothing is published here: their scale
        and unit are options, and anybody may have a subject 1.
    """

    name: str
    title: str
    rating_scale: tuple[float, float]
    eda_unit: str
    sampling_rate: float
    onset: float
    variant: str
    stimulus_word: str
    published_trials: int | None
    absolute: bool = True
    lead: float = 0.0
    own: bool = False

    @property
    def stimuli_word(self) -> str:
        """What several stimuli are called in messages."""
        return "stimuli" if self.stimulus_word == "stimulus" else f"{self.stimulus_word}s"


PROFILES: dict[str, Profile] = {
    each.name: each
    for each in (
        # "GSR (values from Twente converted to Geneva format (Ohm))", says the publisher's list of
        # channels: skin resistance. The preprocessed edition has lost its offset as well.
        Profile("deap", "DEAP", (1.0, 9.0), "Ohm", 128.0, 3.0, "Re", "video", 1280, lead=3.0),
        # The publisher states neither unit nor polarity of the GSR column.
        Profile("amigos", "AMIGOS", (1.0, 9.0), "a.u.", 128.0, 5.0, "Re", "video", 788, lead=5.0),
        Profile("pmemo", "PMEmo", (0.0, 1.0), "uS", 50.0, 3.0, "Rf", "song", 7690, absolute=False),
        # Empatica E4, "EDA, sampled at 4 Hz" in microsiemens; ratings "in a scale of [-10, 10]". A
        # recording begins with its song (it is exactly as long as the song was played), so that
        # the listener's 3 s are dropped, as for PMEmo. No variant is published; it is PMEmo's, the
        # other dataset of music.
        Profile("hku956", "HKU956", (-10.0, 10.0), "uS", 4.0, 3.0, "Rf", "song", None),
        # Empatica E4, microsiemens at 4 Hz (its option --device chest: 700 Hz). A trial begins 10 s
        # into its condition, so that nothing more is dropped. No variant is published for
        # conditions or videos without music; it is that of DEAP and AMIGOS.
        Profile("wesad", "WESAD", (1.0, 9.0), "uS", 4.0, 0.0, "Re", "condition", None),
        # "gsr: Galvanic Skin Response sensor. Measurements in microSiemens (uS)"; the joystick's
        # "values in interval [0.5 9.5]". Trials are cut where the videos begin.
        Profile("case", "CASE", (0.5, 9.5), "uS", 1000.0, 3.0, "Re", "video", None),
        # What suits a lab's own recordings is not known. A table tells where each trial begins, so
        # that nothing precedes the stimulus. PMEmo is the one dataset like that, and the one of
        # music. So onset and variant are PMEmo's.
        Profile(
            *("table", "own recordings", (1.0, 9.0), "uS", 4.0, 3.0, "Rf", "stimulus", None),
            own=True,
        ),
        # The same, in the folders of the Brain Imaging Data Structure.
        Profile(
            *("bids", "BIDS recordings", (1.0, 9.0), "uS", 4.0, 3.0, "Rf", "stimulus", None),
            own=True,
        ),
    )
}
"""The datasets rtcan reads, by name."""


def profile(name: str) -> Profile:
    """Return the facts about one dataset.

    Parameters
    ----------
    name : str
        Name of the dataset, in any case.

    Returns
    -------
    Profile

    Raises
    ------
    RtcanError
        If there is no such dataset.
    """
    try:
        return PROFILES[name.lower()]
    except KeyError:
        known = ", ".join(PROFILES)
        raise RtcanError(f"unknown dataset {name!r}", hint=f"choose one of: {known}") from None
