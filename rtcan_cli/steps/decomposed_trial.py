"""A trial of a components store -> figures of its decomposition."""

from __future__ import annotations

from pathlib import Path

from rtcan_cli.datasets.polarity import stored_kind
from rtcan_cli.datasets.profiles import profile
from rtcan_cli.eda.blocks import CHANNELS
from rtcan_cli.eda.methods import TITLES, WITH_DRIVER
from rtcan_cli.errors import RtcanError
from rtcan_cli.links import folder_below, part_of_name
from rtcan_cli.plots.decomposition import decomposition
from rtcan_cli.plots.save import save
from rtcan_cli.stores import Store


def require_trial(recordings: Path, trial: str) -> None:
    """Check, before long work, that a trial to be drawn is there.

    Raises
    ------
    RtcanError
        If there is no such ``subject:stimulus``.
    """
    with Store(recordings, "recordings") as store:
        table = store.table("recordings", ["subject", "stimulus"])
    names = table["subject"] + ":" + table["stimulus"]
    if trial not in set(names):
        raise RtcanError(
            f"{recordings}: has no EDA of the trial '{trial}' (subject:stimulus)",
            f"--plot {names.iloc[0]}, for example",
        )


def plot_trial(components: Path, trial: str, folder: Path) -> list[Path]:
    """Draw the decomposition of ``subject:stimulus``, a figure for each of its recordings."""
    subject, _, stimulus = trial.partition(":")
    with Store(components, "components") as store:
        table = store.table("recordings")
        rows = table[(table["subject"] == subject) & (table["stimulus"] == stimulus)]
        made, files = store.provenance, []
        method, known = made.parameters["decomposition"], profile(made.dataset)
        for index, row in rows.iterrows():
            if row["problem"]:
                raise RtcanError(f"that recording was not decomposed: {row['problem']}")
            phasic, tonic, driver, residual = (
                store.signal(channel, int(str(index))) for channel in CHANNELS
            )
            hearing = "" if row["target"] == "both" else f", {row['target']} hearing"
            figure = decomposition(
                phasic + tonic + residual,
                tonic,
                phasic,
                driver if method in WITH_DRIVER else None,
                residual,
                row["sampling_rate"],
                title=f"{known.title}, subject {subject}, {known.stimulus_word} {stimulus}"
                f"{hearing}, {TITLES[method]}",
                name=stored_kind(made.parameters).name,
                onset=known.onset,
                simulated=made.simulated,
            )
            suffix = "" if row["target"] == "both" else f"_{row['target']}"
            names = f"subject_{part_of_name(subject)}_stimulus_{part_of_name(stimulus)}"
            stem = f"decomposition_{names}{suffix}"
            files += save(figure, folder_below(folder, made.dataset) / stem)
    return files
