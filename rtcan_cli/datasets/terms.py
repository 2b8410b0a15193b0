"""Under which terms the data of each dataset may be used, as docs/licences.md reports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SIMULATED = "The data are simulated and contain no real person's data."

TERMS = {
    "deap": "Access requires a signed end user licence agreement, from Queen Mary University of "
    "London",
    "amigos": "Access requires a signed end user licence agreement, from the same group",
    "hku956": "CC BY-NC 4.0.",
    "wesad": "Free for scientific, non-commercial use, with credit to the authors",
    "case": "A free download from figshare; its page states the licence",
    "pmemo": "A free download for the research community; the authors ask to be cited.",
}
"""By the name of the dataset; own recordings have none here."""

AUTHORS = {
    "deap": (
        *("Sander Koelstra", "Christian Mühl", "Mohammad Soleymani", "Jong-Seok Lee"),
        *("Ashkan Yazdani", "Touradj Ebrahimi", "Thierry Pun", "Anton Nijholt", "Ioannis Patras"),
    ),
    "amigos": (
        *("Juan Abdon Miranda-Correa", "Mojtaba Khomami Abadi", "Nicu Sebe", "Ioannis Patras"),
    ),
    "hku956": ("Xiao Hu", "Fanjie Li", "Ruilun Liu"),
    "wesad": (
        *("Philip Schmidt", "Attila Reiss", "Robert Duerichen", "Claus Marberger"),
        "Kristof Van Laerhoven",
    ),
    "case": (
        *("Karan Sharma", "Claudio Castellini", "Egon L. van den Broek", "Alin Albu-Schaeffer"),
        "Friedhelm Schwenker",
    ),
    "pmemo": ("Kejun Zhang", "Hui Zhang", "Simeng Li", "Changyuan Yang", "Lingyun Sun"),
}
"""Who published each dataset."""

PAPERS = {
    "deap": "Koelstra et al.: DEAP: A Database for Emotion Analysis Using Physiological Signals. "
    "IEEE Transactions on Affective Computing 3(1), 2012",
    "amigos": "Miranda-Correa, Abadi, Sebe, Patras: AMIGOS: A Dataset for Affect, Personality and "
    "Mood Research on Individuals and Groups. IEEE Transactions on Affective Computing 12(2), 2021",
    "hku956": "Hu, Li, Liu: Detecting Music-Induced Emotion Based on Acoustic Analysis and "
    "Physiological Sensing: A Multimodal Approach. Applied Sciences 12, 9354, 2022",
    "wesad": "Schmidt, Reiss, Duerichen, Marberger, Van Laerhoven: Introducing WESAD, a Multimodal "
    "Dataset for Wearable Stress and Affect Detection. ICMI 2018",
    "case": "Sharma, Castellini, van den Broek, Albu-Schaeffer, Schwenker: A dataset of continuous "
    "affect annotations and physiological signals for emotion analysis. Scientific Data 6, 2019",
    "pmemo": "Zhang, Zhang, Li, Yang, Sun: The PMEmo Dataset for Music Emotion Recognition. ICMR "
    "2018",
}
"""The paper of each dataset; own recordings have none here."""


@dataclass(frozen=True)
class Credit:
    """Under which licence a dataset is, and whom to credit.

    Attributes
    ----------
    licence : str
        Empty where it is not known.
    authors : tuple of str
        Names; empty where they are not known.
    """

    licence: str = ""
    authors: tuple[str, ...] = ()


def credit_of(dataset: str, simulated: bool, parameters: Mapping[str, Any]) -> Credit:
    """Licence and authors of a dataset's data.

    Parameters
    ----------
    dataset : str
        Its name.
    simulated : bool
        Whether the data are simulated: then they are nobody's.
    parameters : mapping
        How its recordings were ingested: ``licence`` and ``authors`` as the files stated them.
    """
    if simulated:
        return Credit(_SIMULATED)
    if dataset in TERMS:
        text = TERMS[dataset].replace("the same group", "the group of DEAP").rstrip(".")
        return Credit(text, AUTHORS[dataset])
    return Credit(str(parameters.get("licence", "")), tuple(parameters.get("authors", ())))


def terms_of(dataset: str, simulated: bool, parameters: Mapping[str, Any]) -> str:
    """Terms of use of a dataset's data, in sentences; the parameters as of `credit_of`."""
    if simulated:
        return _SIMULATED
    credit = credit_of(dataset, simulated, parameters)
    if dataset == "table":
        return "The data are the user's own recordings: add their terms here before you publish."
    if not credit.licence:
        text = (
            "The data were read from a dataset in BIDS whose licence is not known: add its terms "
            "here before you publish"
        )
    elif dataset in TERMS:
        text = credit.licence
    else:
        text = f"The description of the dataset states this licence: {credit.licence.rstrip('.')}"
    return f"{text}." + (f" Authors: {', '.join(credit.authors)}." if credit.authors else "")
