"""Under which terms the data of each dataset may be used, as docs/licences.md reports them."""

from __future__ import annotations

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


def terms_of(dataset: str, simulated: bool) -> str:
    """Terms of use of a dataset's data, as a sentence."""
    if simulated:
        return "The data are simulated and contain no real person's data."
    if dataset not in TERMS:
        return "The data are the user's own recordings: add their terms here before you publish."
    text = TERMS[dataset].replace("the same group", "the group of DEAP").rstrip(".")
    return f"{text}."
