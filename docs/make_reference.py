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
from rtcan_cli.models.registry import Model, every
from rtcan_cli.results.base import SCHEMA_VERSION as RESULTS_VERSION
from rtcan_cli.results.schema import schema as result_schema
from rtcan_cli.stores.schema import SCHEMA_VERSION, SCHEMAS

HERE = Path(__file__).parent
WIDTH = 100

STORES_INTRODUCTION = f"""\
# Stores

Every step writes one HDF5 file (schema version {SCHEMA_VERSION}). This page is made from
`rtcan_cli/stores/schema.py`, which is also what a store is checked against when it is written. How
stores behave is told in [the architecture](architecture.md).

A workspace holds `<dataset>/recordings.h5`, `labels.h5`, `components.h5`, `features.h5`,
`music.h5` and `<dataset>/runs/<run>.h5`. Axes of the same name have the same length within a store.
Text is UTF-8.
Every dataset has the attributes `unit`, `shape` and `meaning`; every store has the root attributes
`kind`, `schema_version`, `package_version`, `created`, `command`, `dataset`, `parameters` and
`inputs` (JSON), `simulated` and `content_id`.

A table loads in one line:

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

What `rtcan train --model` knows, made from the files of `rtcan_cli/models/`. Each has a file of its
own, whose docstring is printed below; `rtcan models NAME` prints the same. How to train them on the
same folds and what each of them tells is said in [Rivals and baselines](howto/baselines.md); how to
add one, in CONTRIBUTING.md.

A network is trained by a recipe (`--recipe`, `--epochs`, ...); other models fit themselves. The
first value of `--fusion` is the default. Where there are candidates, each is trained in every fold
and the one with the least validation loss is kept."""


FEATURES_INTRODUCTION = f"""\
# EDA features

`rtcan eda-features` describes each recording by {len(catalogue.CATALOGUE)} numbers, in
`features.h5`. They are composed after Shukla, Barreda-Ángeles, Oliver, Nandi & Puig, *Feature
Extraction and Selection for Emotion Recognition from Electrodermal Activity* (IEEE TAC 12(4),
2021), who compare features of skin conductance responses (SCR), time, frequency and
time-frequency, and find statistics of mel-frequency cepstral coefficients the most predictive.
Which 128 numbers Yin et al. (2022) gave to their SVM is not published. So this list is rtcan's own,
and is made from `rtcan_cli/eda/features/catalogue.py`.

```bash
rtcan decompose --dataset pmemo
rtcan eda-features --dataset pmemo
```

```python
from rtcan_cli.eda.features import eda_features

values = eda_features(original, phasic, tonic, driver, sampling_rate, onset=3.0)  # shape (128,)
```

## How they are computed

**What is described.** The part of a recording after its onset, which is also what a network sees:
`--onset` seconds are left out, by default the dataset's own. Recordings that ingest or decompose
refused, or of which less than {stretch.MIN_SECONDS:g} s are left, stay in the store with the reason
and with NaN.

**Units.** EDA, phasic and tonic part are in z units, that is in standard deviations of the whole
recording: unit and level of the recording do not matter. z-scoring takes away how strongly a
subject responds. The features with the unit "as recorded" keep that; compare them within one
dataset only.

**Sampling.** Every signal is brought to {stretch.RATE:g} Hz first, and spectra, cepstra and
derivatives look no higher than {stretch.HIGHEST:g} Hz. So a recording of 4 Hz has nearly the
features of one of 1000 Hz, but for noise and for times shorter than a sample. The driver is
averaged over 1 s, as the height of its impulses depends on the sampling.

**SCR.** A peak of the phasic part with a prominence of at least {scr.MIN_AMPLITUDE:g} z. Its
amplitude is counted from the lowest point since the peak before, so that a response gets no credit
for the tail it stands on. It begins where the phasic part leaves that point by
{100 * scr.ONSET_SHARE:g} % of the amplitude; if that was before the stretch, with the stretch
itself. Without any SCR all its features are 0, but for `scr_first`, which is the length of the
stretch, and `scr_late`, which is one half.

**Derivatives.** Savitzky-Golay, cubics over 11 samples (1.4 s).

**Power.** Welch's spectrum: the linear trend of the stretch is taken out; Hann windows of 20 s, or
as long as the stretch, half overlapping. Powers and energies are given as common logarithms, and
those below {frequency.POWER_FLOOR:.6f} z^2 as this floor. A signal that does not change has the
floor everywhere, and 0 for centroid, edge, entropy and shares.

**Wavelets.** Maximal overlap transform (no decimation) with Daubechies' wavelet of two vanishing
moments; the signal, without its mean, is continued by its mirror image. The energies, with
those of the two faster octaves that are not listed, add up to its variance.

**Mel-frequency cepstral coefficients.** The mel scale is made for hearing: far below 1 kHz, and so
wherever EDA is, it is a straight line. So EDA is played {timefrequency.SPEED:g} times faster, as if
its {stretch.RATE:g} Hz were the 16 kHz of speech: the scale then resolves slow changes finely and
fast ones coarsely. Pre-emphasis 0.97, Hann frames of {timefrequency.FRAME / stretch.RATE:g} s every
{timefrequency.HOP / stretch.RATE:g} s, {timefrequency.N_FILTERS} triangular filters up to
{stretch.HIGHEST:g} Hz, natural logarithm, orthonormal cosine transform. Of each of the first
{timefrequency.N_COEFFICIENTS} coefficients there are the mean, the standard deviation and the mean
absolute change from frame to frame.

## The list

x is the signal named, x' and x'' are its derivatives, P is its power spectrum."""


def reference() -> str:
    """The help of every command, as it is printed."""
    names = list(typer.main.get_command(app).commands)
    parts = [
        "# Command reference",
        "This page is what `rtcan COMMAND --help` prints. Every command takes `--json`, `--quiet` "
        "and `--debug`. Exit codes: 0 done, 1 a problem (one line on stderr says which), 2 wrong "
        "usage, 130 interrupted.",
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
        f"| {'recipe' if each.network is not None else 'itself'} "
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
    return "signals" if model.eda == "signals" else ""


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
