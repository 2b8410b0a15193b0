"""What a model card says about exported models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtcan_cli.results.scores.evaluation import Evaluation
    from rtcan_cli.results.training.imported import ImportedEvaluation


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """Where exported models come from, how good they are, and what they are not for.

    Parameters
    ----------
    version : str
        Of rtcan.
    target : str
        What they predict.
    folds : tuple of int
        Folds whose models are in the file.
    n_trained : int
        Folds that were trained.
    evaluation : Evaluation or ImportedEvaluation
        What `evaluate` says of the run.
    n_subjects, n_stimuli, n_trials : int
        Of the target, in the run.
    high_share : float
        Trials that are truly high.
    is_network : bool
        Whether they are networks.
    architecture : str
        What kind of model they are, in words.
    source : str
        Where that model was published, in short.
    papers : tuple of str
        What to cite: the papers of the method and of the dataset.
    preparation : mapping of str to str
        How a recording becomes the samples that they see; empty if they see none.
    recipe : mapping
        Numbers of the training; empty if they are not known.
    labels : str
        Method of `relabel` that told high from low, ``import`` where labels were imported; empty
        if it is not known.
    held_out : tuple of str
        What no two parts of a fold share: ``subject``, ``stimulus``; empty where trials alone.
    temperatures : tuple of float or None
        Of each model, None where it has none or it was left out.
    stores : mapping of str to mapping
        Settings of the stores that the run was trained on, as far as they are known.
    inputs : mapping of str to str
        What each input contains.
    music : str
        What songs are described by; empty if none are heard.
    terms : str
        Under which terms the data may be used.
    content_id : str
        Of the run.
    """

    version: str
    target: str
    folds: tuple[int, ...]
    n_trained: int
    evaluation: Evaluation | ImportedEvaluation
    n_subjects: int
    n_stimuli: int
    n_trials: int
    high_share: float
    is_network: bool
    architecture: str
    source: str
    papers: tuple[str, ...]
    preparation: Mapping[str, str]
    recipe: Mapping[str, object]
    labels: str
    held_out: tuple[str, ...]
    temperatures: tuple[float | None, ...]
    stores: Mapping[str, Mapping[str, object]]
    inputs: Mapping[str, str]
    music: str
    terms: str
    content_id: str
