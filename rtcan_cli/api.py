"""What Python users may rely on: every name of this module, and nothing else of rtcan.

Arrays in, arrays out:

- EDA: `find_problem`, `zscore`, `decompose`, `CvxedaParameters`, `network_input`, `eda_features`,
  `Window`
- labels: `relabel`, `class_counts`
- models: `RTCAN`, `ModelSpec`, `rebuild`; those of `rtcan export --safetensors`: `read_weights`,
  `ExportedModels`
- folds and training: `PROTOCOLS`, `RECIPES`, `TrainingData`, `cross_validate`
- scores: `fold_scores`, `fold_summary`; maps: `attribute`
- for scikit-learn: `RTCANClassifier`, `ProtocolSplit`, `decompose_trials`

The steps of the command line, on stores. Each returns a result, and `as_data` turns that into plain
JSON types:

- `ingest_raw`, `ingest_dataset`, `relabel_ratings`, `decompose_recordings`, `describe_recordings`,
  `extract_features`, `train_run`, `evaluate_run`, `compare_runs`, `explain_trial`,
  `contributions_of_run`, `contributions_of_trial`
- where stores are: `Workspace`, `Store`; a store as a data frame: `read_store`; settings:
  `RunSettings`, `Sources`, `TableOptions`
- a finished run: `Run`, `training_data`, `choose_run`, `sources_of`, `newest_fused`,
  `fused_sources`
- your own reader: `RawDataset`, `Trial`, `Recording`, `Stimulus`

Some names need optional packages, such as PyTorch for `RTCAN`. Where one is missing, they raise an
`RtcanError` that is an `ImportError`, too, and says what to install: when they are imported, and
when they are looked up in this module, so that `hasattr` raises it as well.
``from rtcan_cli.api import *`` asks for all names, and so raises it, too.

Problems that users can act on are `RtcanError`; what is for scikit-learn raises `ValueError` and
`NotFittedError`, as scikit-learn does. The changelog lists changes of these names and of
what they take.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rtcan_cli.datasets.table.options import TableOptions
from rtcan_cli.datasets.trials import Item, RawDataset, Recording, Stimulus, Trial
from rtcan_cli.eda.cvxeda.parameters import CvxedaParameters
from rtcan_cli.eda.cvxeda.solve import decompose
from rtcan_cli.eda.features import eda_features
from rtcan_cli.eda.preprocess import find_problem, network_input, zscore
from rtcan_cli.eda.window import Window
from rtcan_cli.errors import RtcanError
from rtcan_cli.evaluation.metrics import fold_scores, fold_summary
from rtcan_cli.extras import failed_import
from rtcan_cli.labels import class_counts, relabel
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.plots.look import Look
from rtcan_cli.results.base import as_data
from rtcan_cli.runs.inputs import Sources, training_data
from rtcan_cli.runs.run import Run
from rtcan_cli.runs.settings import RunSettings
from rtcan_cli.steps.attention.networks import choose_run, sources_of
from rtcan_cli.steps.data.ingest import ingest_dataset, ingest_raw
from rtcan_cli.steps.data.relabel import relabel_ratings
from rtcan_cli.steps.scores.compare import compare_runs
from rtcan_cli.steps.scores.evaluate import evaluate_run
from rtcan_cli.steps.signals.decompose import decompose_recordings
from rtcan_cli.steps.signals.eda_features import describe_recordings
from rtcan_cli.steps.signals.music_features import extract_features
from rtcan_cli.steps.training.train import train_run
from rtcan_cli.stores import Store, Workspace
from rtcan_cli.stores.frame import read_store
from rtcan_cli.training.data import TrainingData
from rtcan_cli.training.folds.protocols import PROTOCOLS
from rtcan_cli.training.recipes import RECIPES
from rtcan_cli.training.run import cross_validate

if TYPE_CHECKING:
    from rtcan_cli.estimators import ProtocolSplit, RTCANClassifier, decompose_trials
    from rtcan_cli.explain import attribute
    from rtcan_cli.export.weights import ExportedModels, read_weights
    from rtcan_cli.models.rtcan.network import RTCAN
    from rtcan_cli.models.weights import rebuild
    from rtcan_cli.steps.attention.contributions import (
        contributions_of_run,
        contributions_of_trial,
        fused_sources,
        newest_fused,
    )
    from rtcan_cli.steps.attention.one_trial import explain_trial

#: Where names are whose modules need optional packages, such as PyTorch: loaded when asked for.
_LATER = {
    "ExportedModels": "rtcan_cli.export.weights",
    "ProtocolSplit": "rtcan_cli.estimators",
    "RTCAN": "rtcan_cli.models.rtcan.network",
    "RTCANClassifier": "rtcan_cli.estimators",
    "attribute": "rtcan_cli.explain",
    "contributions_of_run": "rtcan_cli.steps.attention.contributions",
    "contributions_of_trial": "rtcan_cli.steps.attention.contributions",
    "decompose_trials": "rtcan_cli.estimators",
    "explain_trial": "rtcan_cli.steps.attention.one_trial",
    "fused_sources": "rtcan_cli.steps.attention.contributions",
    "newest_fused": "rtcan_cli.steps.attention.contributions",
    "read_weights": "rtcan_cli.export.weights",
    "rebuild": "rtcan_cli.models.weights",
}

__all__ = [
    "PROTOCOLS",
    "RECIPES",
    "RTCAN",
    "CvxedaParameters",
    "ExportedModels",
    "Item",
    "Look",
    "ModelSpec",
    "ProtocolSplit",
    "RTCANClassifier",
    "RawDataset",
    "Recording",
    "RtcanError",
    "Run",
    "RunSettings",
    "Sources",
    "Stimulus",
    "Store",
    "TableOptions",
    "TrainingData",
    "Trial",
    "Window",
    "Workspace",
    "as_data",
    "attribute",
    "choose_run",
    "class_counts",
    "compare_runs",
    "contributions_of_run",
    "contributions_of_trial",
    "cross_validate",
    "decompose",
    "decompose_recordings",
    "decompose_trials",
    "describe_recordings",
    "eda_features",
    "evaluate_run",
    "explain_trial",
    "extract_features",
    "find_problem",
    "fold_scores",
    "fold_summary",
    "fused_sources",
    "ingest_dataset",
    "ingest_raw",
    "network_input",
    "newest_fused",
    "read_store",
    "read_weights",
    "rebuild",
    "relabel",
    "relabel_ratings",
    "sources_of",
    "train_run",
    "training_data",
    "zscore",
]


def __getattr__(name: str) -> Any:
    """Load what needs optional packages when it is asked for (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        found = getattr(import_module(_LATER[name]), name)
    except ImportError as error:
        raise failed_import(f"rtcan_cli.api.{name}", error) or error from error
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
