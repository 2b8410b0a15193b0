"""Write reference.md, stores.md, results.md, eda_features.md and models.md from the program.

That is, from the command line, the schemas, the catalogue of features and the registry of models.
They are committed, so that they can be read without building anything; a test fails if they are not
what this script writes.
"""

from __future__ import annotations

from pathlib import Path

import typer
from typer.testing import CliRunner

from rtcan_cli.app import app
from rtcan_cli.eda.features import catalogue, frequency, scr, stretch, timefrequency
from rtcan_cli.models.model import Model
from rtcan_cli.models.registry import every
from rtcan_cli.results.base import SCHEMA_VERSION as RESULTS_VERSION
from rtcan_cli.results.schema import schema as result_schema
from rtcan_cli.stores.schema import SCHEMA_VERSION, SCHEMAS

HERE = Path(__file__).parent
WIDTH = 100

STORES_INTRODUCTION = f"""\
# Stores

Every step writes one HDF5 file (schema version {SCHEMA_VERSION}). This page is generated
from `rtcan_cli/stores/schema.py`, which every store is checked against when it is written.
[The architecture](architecture.md) describes how stores behave.

A workspace contains `<dataset>/recordings.h5`, `labels.h5`, `components.h5`, `features.h5`,
`music.h5` and `<dataset>/runs/<run>.h5`. Axes of the same name have the same length within a store.
Text is UTF-8.
Every dataset has the attributes `unit`, `shape` and `meaning`; every store has the root attributes
`kind`, `schema_version`, `package_version`, `created`, `command`, `dataset`, `parameters` and
`inputs` (JSON), `simulated` and `content_id`.

To load a table in one line without rtcan (with it, `rtcan_cli.api.read_store`; [xarray opens a
whole store](howto/python.md#read-a-store)):

```python
import h5py, pandas as pd

trials = pd.DataFrame({{k: v[()] for k, v in h5py.File("recordings.h5")["trials"].items()}})
```

The samples of recording `i` are `signals/<channel>[offsets[i]:offsets[i + 1]]`."""


RESULTS_INTRODUCTION = f"""\
# Results as data

With `--json` a command prints one object: `schema_version` (now {RESULTS_VERSION}), `command`,
`result` (the name of the heading below) and the fields of that result. This page is made from
`rtcan_cli/results/`. The fields are the same for simulated and real data, for one run and for many.
A change of a field's name or meaning comes with another `schema_version`.

Scores are fractions of 1, unless a unit says otherwise. What is missing is `null`. A table is a
list of rows, and each row has all columns of the table. The CSV files that commands write are these
tables, with a column `simulated`. They are named after their field; those of `compare` are
`comparison.csv`, `differences.csv`, `leakage.csv`, `table1.csv` to `table6.csv`, `figure4.csv`.

```bash
rtcan evaluate --json | jq '.scores[] | select(.leading)'
```"""


MODELS_INTRODUCTION = """\
# Models

The models that `rtcan train --model` can train, generated from the files of `rtcan_cli/models/`.
Each model is one file, whose docstring is shown below; `rtcan models NAME` prints the same.
[Baselines](howto/baselines.md) explains how to train them on the same folds and what each of them
is for; CONTRIBUTING.md explains how to add one.

A network is trained by a recipe (`--recipe`, `--epochs`, ...); other models fit themselves. The
first value of `--fusion` is the default. If a model has candidates, each is trained in every fold
and the one with the lowest validation loss is kept."""


FEATURES_INTRODUCTION = f"""\
# EDA features

`rtcan eda-features` describes each recording by {len(catalogue.CATALOGUE)} numbers, in
`features.h5`. The selection follows Shukla, Barreda-Ángeles, Oliver, Nandi & Puig, *Feature
Extraction and Selection for Emotion Recognition from Electrodermal Activity* (IEEE TAC 12(4),
2021), who compare features of skin conductance responses (SCR), time, frequency and
time-frequency, and find statistics of mel-frequency cepstral coefficients the most predictive.
Yin et al. (2022) did not publish which 128 features they gave to their SVM. This list is therefore
rtcan's own. It is generated from `rtcan_cli/eda/features/catalogue.py`.

```bash
rtcan decompose --dataset pmemo
rtcan eda-features --dataset pmemo
```

```python
from rtcan_cli.api import eda_features

values = eda_features(original, phasic, tonic, driver, sampling_rate, onset=3.0)  # shape (128,)
```

## How they are computed

**Part of the recording.** The features describe the part of a recording after its onset, which is
also what a network sees: `--onset` seconds are left out, by default those of the dataset.
With `--window`, they describe that part of the rest, such as its first 30 s (`first:30`).
Recordings that `ingest` or `decompose` refused, with less than {stretch.MIN_SECONDS:g} s left, or
too short for the window, stay in the store with the reason and with NaN.

**Units.** EDA, phasic and tonic part are in z units, that is in standard deviations of the whole
recording, or of the window if there is one: its unit and level do not matter. z-scoring removes
differences in how strongly subjects respond. The features with the unit "as recorded" keep these
differences; compare such features only within one dataset.

**Sampling.** Every signal is first resampled to {stretch.RATE:g} Hz, and spectra, cepstra and
derivatives use frequencies up to {stretch.HIGHEST:g} Hz. A recording at 4 Hz therefore has nearly
the same features as one at 1000 Hz, apart from noise and times shorter than a sample. The driver is
averaged over 1 s, because the height of its impulses depends on the sampling rate.

**SCR.** A peak of the phasic part with a prominence of at least {scr.MIN_AMPLITUDE:g} z. Its
amplitude is measured from the lowest point since the previous peak, so that the tail of an earlier
response does not count. It begins where the phasic part rises above that point by
{100 * scr.ONSET_SHARE:g} % of the amplitude; if this was before the part that is described, it
begins with that part. Without any SCR all of these features are 0, except `scr_first`, which is the
length of the part, and `scr_late`, which is one half.

**Derivatives.** Savitzky-Golay filters, cubic over 11 samples (1.4 s).

**Power.** Welch's spectrum: the linear trend is removed; Hann windows of 20 s, or of the length of
the signal if it is shorter, overlap by half. Powers and energies are given as common logarithms,
with {frequency.POWER_FLOOR:.6f} z^2 as the lowest value. A constant signal has this value
everywhere, and 0 for centroid, edge, entropy and shares.

**Wavelets.** Maximal overlap transform (no decimation) with Daubechies' wavelet of two vanishing
moments; the signal, without its mean, is extended by reflection. The energies add up to its
variance, together with those of the two faster octaves that are not listed.

**Mel-frequency cepstral coefficients.** The mel scale is made for hearing: far below 1 kHz, and
therefore at all frequencies of EDA, it is linear. EDA is therefore sped up by a factor of
{timefrequency.SPEED:g}, as if its {stretch.RATE:g} Hz were the 16 kHz of speech: the scale then
resolves slow changes finely and fast ones coarsely. Pre-emphasis 0.97, Hann frames of
{timefrequency.FRAME / stretch.RATE:g} s every {timefrequency.HOP / stretch.RATE:g} s,
{timefrequency.N_FILTERS} triangular filters up to {stretch.HIGHEST:g} Hz, natural logarithm,
orthonormal cosine transform. The features are the mean, the standard deviation and the mean
absolute change from frame to frame of each of the first {timefrequency.N_COEFFICIENTS}
coefficients.

## The list

x is the signal named, x' and x'' are its derivatives, P is its power spectrum."""


def reference() -> str:
    """The help of every command, as it is printed."""
    names = list(typer.main.get_command(app).commands)
    parts = [
        "# Command reference",
        "This page contains the output of `rtcan COMMAND --help`. Every command accepts `--json`, "
        "`--quiet` and `--debug`. Exit codes: 0 done, 1 a problem (one line on stderr says which), "
        "2 wrong usage, 130 interrupted.",
        _help_of(),
    ]
    for name in names:
        parts += [f"## rtcan {name}", _help_of(name)]
    return "\n\n".join(parts) + "\n"


def _help_of(*command: str) -> str:
    result = CliRunner().invoke(
        app,
        [*command, "--help"],
        prog_name="rtcan",
        terminal_width=WIDTH,
        env={"RTCAN_WORKSPACE": ""},
    )
    return f"```text\n{result.output.strip()}\n```"


def stores() -> str:
    """What each kind of store holds."""
    parts = [STORES_INTRODUCTION]
    for schema in SCHEMAS.values():
        rows = [
            f"| `{field.path}` | {' x '.join(field.shape)} | {field.dtype or 'as trained'} "
            f"| {field.unit} | {field.meaning} |"
            for field in schema.fields
        ]
        parts += [
            f"## {schema.kind}",
            f"Made by `rtcan {schema.command}`: {schema.meaning}.",
            "\n".join(
                ["| dataset | shape | type | unit | meaning |", "|---|---|---|---|---|", *rows]
            ),
        ]
    return "\n\n".join(parts) + "\n"


def eda_features() -> str:
    """The table of hand-crafted features."""
    parts = [FEATURES_INTRODUCTION]
    for domain in catalogue.DOMAINS:
        features = [each for each in catalogue.CATALOGUE if each.domain == domain]
        rows = [f"| `{each.name}` | {each.unit} | {_escaped(each.formula)} |" for each in features]
        parts += [
            f"### {domain[0].upper()}{domain[1:]}: {len(features)}",
            "\n".join(["| feature | unit | formula |", "|---|---|---|", *rows]),
        ]
    return "\n\n".join(parts) + "\n"


def models() -> str:
    """The registry of models, and what each of them says of itself."""
    rows = [
        f"| [`{each.name}`](#{each.name}) | {each.title} | {each.source} | {_eda(each)} "
        f"| {', '.join(f'`{fusion}`' for fusion in each.fusion)} "
        f"| {'recipe' if each.is_network else 'itself'} "
        f"| {len(each.grid) if len(each.grid) > 1 else ''} |"
        for each in every()
    ]
    head = ["| model | what it is | source | EDA | `--fusion` | trained by | candidates |"]
    parts = [MODELS_INTRODUCTION, "\n".join([*head, "|---|---|---|---|---|---|---|", *rows])]
    for each in every():
        parts += [f"## {each.name}", f"```text\n{each.doc}\n```"]
    return "\n\n".join(parts) + "\n"


def _eda(model: Model) -> str:
    """What a model sees of the EDA, for a table."""
    if model.eda == "features":
        return f"{len(model.features) or 128} features"
    return {"signals": "signals", "duration": "its length"}.get(model.eda, "")


def _escaped(formula: str) -> str:
    """A formula that may stand in a table."""
    return formula.replace("|", "\\|")


def results() -> str:
    """Every result, with its fields and the columns of its tables."""
    parts = [RESULTS_INTRODUCTION]
    for name, about in result_schema().items():
        parts.append(f"## {name}\n\nOf `rtcan {about['command']}`.")
        parts.append("\n".join([*_FIELD_HEAD, *_field_rows(about["fields"])]))
        for field, entry in about["fields"].items():
            if "columns" in entry:
                rows = [
                    f"| `{column}` | {each['kind']} | {each.get('unit', '')} | {each['meaning']} |"
                    for column, each in entry["columns"].items()
                ]
                head = ["| column | type | unit | meaning |", "|---|---|---|---|"]
                parts += [f"Columns of `{field}`:", "\n".join([*head, *rows])]
    return "\n\n".join(parts) + "\n"


_FIELD_HEAD = ["| field | type | unit | meaning |", "|---|---|---|---|"]


def _field_rows(fields: dict[str, dict[str, object]], above: str = "") -> list[str]:
    """A row a field; the fields of an object follow it."""
    rows = []
    for name, entry in fields.items():
        shown = [str(entry.get(key, "")) for key in ("type", "unit", "meaning")]
        rows.append(f"| `{above}{name}` | {' | '.join(shown)} |")
        inner = entry.get("fields")
        if isinstance(inner, dict):
            many = str(entry["type"]).startswith("list")
            rows += _field_rows(inner, f"{above}{name}{'[]' if many else ''}.")
    return rows


PAGES = {
    "results.md": results,
    "reference.md": reference,
    "stores.md": stores,
    "eda_features.md": eda_features,
    "models.md": models,
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (HERE / name).write_text(make(), encoding="utf-8")
