"""A trial of a components store -> figures of its decomposition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rtcan_cli.datasets.polarity import stored_kind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.blocks import SIGNALS
from rtcan_cli.eda.methods import TITLES, WITH_DRIVER
from rtcan_cli.errors import RtcanError
from rtcan_cli.files.links import folder_below, part_of_name
from rtcan_cli.plots.decomposition import decomposition
from rtcan_cli.plots.look import PAPER, Look
from rtcan_cli.plots.save import save
from rtcan_cli.stores import Store
from rtcan_cli.trial_key import TRIAL_KEY, ending, hearing, trial_name


def require_trial(recordings: Path, trial: str) -> None:
    """Check, before long work, that a trial to be drawn is there.

    Raises
    ------
    RtcanError
        If there is no such ``subject:stimulus`` or ``subject:stimulus:repetition``.
    """
    with Store(recordings, "recordings") as store:
        table = store.table("recordings", TRIAL_KEY)
    if not is_trial(table, trial).any():
        raise RtcanError(
            f"{recordings}: has no EDA of the trial '{trial}' (subject:stimulus, and :repetition "
            "for one of several hearings)",
            f"--plot {trial_name(*table.iloc[0])}, for example",
        )


def is_trial(table: pd.DataFrame, trial: str) -> NDArray[np.bool_]:
    """Which rows of a table of recordings a user means.

    Raises
    ------
    RtcanError
        If names have colons, so that several subjects or stimuli may be meant.
    """
    names = table["subject"] + ":" + table["stimulus"]
    numbered = names + ":" + table["repetition"].astype(str)
    found = ((names == trial) | (numbered == trial)).to_numpy()
    meant = table.loc[found, ["subject", "stimulus"]].drop_duplicates()
    if len(meant) > 1:
        each = (f"subject {row.subject} with stimulus {row.stimulus}" for row in meant.itertuples())
        raise RtcanError(
            f"'{trial}' may be {' or '.join(each)}", "rename one of them, and ingest again"
        )
    return found


def plot_trial(components: Path, trial: str, folder: Path, look: Look = PAPER) -> list[Path]:
    """Draw the decomposition of ``subject:stimulus``, a figure for each of its recordings.

    Of a subject who heard the stimulus several times, all hearings are drawn, unless the trial is
    ``subject:stimulus:repetition``.
    """
    with Store(components, "components") as store:
        table = store.table("recordings")
        rows = table[is_trial(table, trial)]
        made, files = store.provenance, []
        method, known = made.parameters["decomposition"], profile(made.dataset)
        for index, row in rows.iterrows():
            if row["problem"]:
                raise RtcanError(f"that recording was not decomposed: {row['problem']}")
            phasic, tonic, driver, residual = (
                store.signal(channel, int(str(index))) for channel in SIGNALS
            )
            which = hearing(row["repetition"])
            which += "" if row["target"] == "both" else f", {row['target']} hearing"
            figure = decomposition(
                phasic + tonic + residual,
                tonic,
                phasic,
                driver if method in WITH_DRIVER else None,
                residual,
                row["sampling_rate"],
                title=f"{known.title}, subject {row['subject']}, {known.stimulus_word} "
                f"{row['stimulus']}{which}, {TITLES[method]}",
                name=stored_kind(made.parameters).name,
                onset=known.onset,
                simulated=made.simulated,
                look=look,
            )
            suffix = ending(row["repetition"])
            suffix += "" if row["target"] == "both" else f"_{row['target']}"
            subject, stimulus = part_of_name(row["subject"]), part_of_name(row["stimulus"])
            stem = f"decomposition_subject_{subject}_stimulus_{stimulus}{suffix}"
            files += save(figure, folder_below(folder, made.dataset) / stem, look)
    return files
