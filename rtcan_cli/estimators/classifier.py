"""RTCAN-1D as a classifier of scikit-learn."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from rtcan_cli import choices
from rtcan_cli.eda.preprocess import CHANNELS
from rtcan_cli.estimators.groups import as_value_error, read_groups
from rtcan_cli.models.spec import ModelSpec
from rtcan_cli.training.data import TrainingData, Trials
from rtcan_cli.training.folds.protocols import STIMULUS_FOLDS
from rtcan_cli.training.folds.splits import MIN_FOLDS, Roles, group_folds
from rtcan_cli.training.outlook import Outlook
from rtcan_cli.training.recipes import RECIPES, Recipe
from rtcan_cli.training.trained import TrainedModel

#: Entries of the recipe that are parameters of the estimator as well.
_OF_RECIPE = (
    *("epochs", "batch_size", "lr", "weight_decay", "dropout", "class_weights"),
    *("clip_norm", "patience"),
)


class RTCANClassifier(ClassifierMixin, BaseEstimator):
    """RTCAN-1D: residual network with temporal and channel attention, on EDA and music.

    Network, recipe and training loop are those of `rtcan train`. A part of the training trials
    chooses the epoch (`validation_fraction`), and is not trained on.

    Parameters
    ----------
    n_signals : int
        EDA signals of a trial, 1 to 3. `rtcan train` has three: original, phasic and tonic
        (`rtcan_cli.api.network_input`, or `decompose_trials`). The network has three inputs; those
        that are not used are zero. Others, such as the driver, may take their places.
    n_music : int
        Music features of a trial: the last columns of `X`. They are standardised with the songs of
        the training trials. 0 for EDA alone.
    length : int, optional
        Samples that each signal is interpolated to; by default it is used as it is.
    variant : str
        Attention modules: ``base``, ``base-stem``, or ``Ra`` to ``Rf``. ``base`` takes signals of
        any length, ``Rf`` of 11 samples or more.
    channels : sequence of int
        Width of each of the four residual stages.
    depth : int
        Convolutions in a residual block.
    layout : {"paper", "released"}
        The network of the paper, or that of the authors' code.
    recipe : {"paper", "tuned"} or Recipe
        How to train; an entry of `rtcan_cli.api.RECIPES`, or one made with `dataclasses.replace`.
    epochs, batch_size : int, optional
        Instead of the recipe's.
    lr, weight_decay, dropout : float, optional
        Instead of the recipe's.
    class_weights : {"none", "balanced"}, optional
        Instead of the recipe's.
    clip_norm : float, optional
        Instead of the recipe's.
    patience : int, optional
        Stop after this many epochs without a lower validation loss. Instead of the recipe's.
    validation_fraction : float
        Share of the training trials that choose the epoch. With groups, so many of them are drawn
        that they have about this share of the trials, at most a third; with subjects and stimuli,
        the trials of drawn subjects with drawn stimuli, which are fewer.
    calibrate : bool
        Scale the logits by the temperature of the validation trials. The predicted class stays.
    device : str
        As PyTorch names it: ``cpu``, ``cuda:0``, ``mps``.
    random_state : int, RandomState instance or None
        Seed of weights, shuffles and validation trials. An integer is that of ``rtcan train
        --seed``.

    Attributes
    ----------
    classes_ : ndarray (2,)
        Class labels. The second is what `rtcan train` calls high.
    n_features_in_ : int
        Columns of `X`; of a 3-D `X`, signals times samples.
    feature_names_in_ : ndarray of str
        Names of these columns, if `X` was a data frame with names.
    model_ : TrainedModel
        Specification, weights as NumPy arrays, statistics of music features, temperature.
    history_ : dict of str to ndarray (epochs,)
        ``train_loss``, ``validation_loss``, ``validation_accuracy``.
    n_iter_ : int
        Epochs that were trained.
    best_epoch_ : int
        Epoch whose weights were kept, from 1.
    validation_ : ndarray of int
        Training trials that chose the epoch.

    See Also
    --------
    ProtocolSplit : Folds that hold out subjects, stimuli, or both.

    Notes
    -----
    `X` is of shape (n_trials, n_signals, n_samples), or (n_trials, n_signals * n_samples +
    n_music): in a row stands one signal after the other, then the music.

    Signals are not scaled: `rtcan train` has z-scored ones. On the CPU, the same data and seed give
    the same probabilities.

    References
    ----------
    Yin, Sun, Yu, Li, Zhang: A Multimodal Framework for Large-Scale Emotion Recognition by Fusing
    Music and Electrodermal Activity Signals, ACM TOMM 18(3), 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from rtcan_cli.api import RTCANClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(40, 3, 50)), np.tile(["low", "high"], 20)
    >>> classifier = RTCANClassifier(recipe="tuned", epochs=1, random_state=0).fit(X, y)
    >>> classifier.predict_proba(X).shape
    (40, 2)
    """

    def __init__(
        self,
        *,
        n_signals: int = len(CHANNELS),
        n_music: int = 0,
        length: int | None = None,
        variant: choices.Variant = "Rf",
        channels: Sequence[int] = choices.CHANNELS,
        depth: int = choices.DEPTH,
        layout: choices.Layout = choices.LAYOUT,
        recipe: choices.RecipeName | Recipe = "paper",
        epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        weight_decay: float | None = None,
        dropout: float | None = None,
        class_weights: choices.ClassWeights | None = None,
        clip_norm: float | None = None,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        calibrate: bool = False,
        device: str = "cpu",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_signals = n_signals
        self.n_music = n_music
        self.length = length
        self.variant = variant
        self.channels = channels
        self.depth = depth
        self.layout = layout
        self.recipe = recipe
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.class_weights = class_weights
        self.clip_norm = clip_norm
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.calibrate = calibrate
        self.device = device
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike, groups: Any = None) -> RTCANClassifier:
        """Train the network.

        Parameters
        ----------
        X : array-like (n, n_signals, n_samples) or (n, n_signals * n_samples + n_music)
            EDA, and music in the last columns.
        y : array-like (n,)
            Labels of two classes.
        groups : array-like (n,), array-like (n, 2) or DataFrame, optional
            Subject of each trial, or subject and stimulus (columns ``subject``, ``stimulus``,
            ``song`` of a data frame). Validation trials then share none of these with the trials
            that train; by default they are drawn trial by trial.

        Returns
        -------
        RTCANClassifier
            Itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, data and parameters do not fit, or there are too few
            trials or groups of a class for validation.
        """
        from rtcan_cli.training.device import pick_device  # these wait for PyTorch
        from rtcan_cli.training.run import fit

        self._check_parameters()
        X, y = validate_data(
            self, self._flat(X), y, dtype=np.float32, ensure_min_samples=2, order="C"
        )
        check_classification_targets(y)
        self.classes_, label = np.unique(y, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError(
                "Only binary classification is supported. The number of classes is "
                f"{len(self.classes_)}; 2 classes are needed."
            )
        label = label.astype(np.int64)
        with as_value_error():
            recipe = self._recipe()
            trials = self._trials(X)
            data = TrainingData(**_fields(trials), label=label)
            seed = self._seed()
            parts = self._roles(label, groups, seed)
            spec = self._spec(data)
            _warn_if_few_steps(recipe, len(parts.train))
            device, message = pick_device(None, self.device)
            if message is not None:
                warnings.warn(message, UserWarning, stacklevel=2)
            result = fit(data, parts, spec, recipe, fold=0, seed=seed, device=device)
        self.model_ = TrainedModel(spec, result.weights, result.scales, result.temperature)
        self.history_ = result.history
        self.n_iter_ = len(result.history["train_loss"])
        self.best_epoch_ = result.best_epoch + 1
        self.validation_ = parts.validation
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each class.

        Parameters
        ----------
        X : array-like (n, n_signals, n_samples) or (n, n_signals * n_samples + n_music)
            As in `fit`.

        Returns
        -------
        ndarray (n, 2)
            In the order of `classes_`.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            If `X` does not fit the data of `fit`.
        """
        check_is_fitted(self, "model_")
        X = validate_data(self, self._flat(X), dtype=np.float32, order="C", reset=False)
        with as_value_error():
            trials = self._trials(X)
            model = self.model_
            high = model.calibrated(trials) if self.calibrate else model.probability(trials)
        return np.column_stack([1 - high, high])

    def predict(self, X: Any) -> NDArray[Any]:
        """Class that is more likely.

        Parameters and errors are those of `predict_proba`.

        Returns
        -------
        ndarray (n,)
        """
        probability = self.predict_proba(X)
        return self.classes_[probability.argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.three_d_array = True
        return tags

    def _check_parameters(self) -> None:
        ranges: tuple[tuple[str, int, int | None], ...] = (
            ("n_signals", 1, len(CHANNELS)),
            ("n_music", 0, None),
            ("length", 1, None),
            ("depth", 1, None),
        )
        for name, least, most in ranges:
            value: Any = getattr(self, name)
            if value is None and name == "length":
                continue
            fits = isinstance(value, Integral) and int(value) >= least
            if not fits or (most is not None and value > most):
                upper = f" to {most}" if most is not None else " or above"
                raise ValueError(f"{name}={value!r} must be an integer of {least}{upper}")
        widths = list(self.channels)
        if len(widths) != 4 or not all(isinstance(c, Integral) and int(c) > 0 for c in widths):
            raise ValueError(f"channels={self.channels!r} must be four integers of 1 or above")
        if not 0 < self.validation_fraction < 1:
            raise ValueError(
                f"validation_fraction={self.validation_fraction!r} must be above 0 and below 1"
            )

    def _recipe(self) -> Recipe:
        recipe = self.recipe
        if not isinstance(recipe, Recipe):
            if recipe not in RECIPES:
                raise ValueError(f"recipe={recipe!r} is not one of {', '.join(RECIPES)}")
            recipe = RECIPES[recipe]
        own = {name: getattr(self, name) for name in _OF_RECIPE}
        return replace(recipe, **{name: x for name, x in own.items() if x is not None})

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            check_random_state(self.random_state)  # its range
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _spec(self, data: TrainingData) -> ModelSpec:
        return ModelSpec(
            variant=self.variant,
            channels=tuple(self.channels),
            depth=self.depth,
            n_music=self.n_music,
            length=data.eda.shape[-1],
            layout=self.layout,
        )

    def _flat(self, X: Any) -> Any:
        """A row for each trial; 2-D data as they are."""
        if isinstance(X, list | tuple) and np.ndim(X[:1]) == 3:
            X = np.asarray(X)
        if getattr(X, "ndim", 2) != 3:
            return X
        if X.shape[1] != self.n_signals:
            raise ValueError(
                f"X has {X.shape[1]} signals (shape {tuple(X.shape)}), but n_signals="
                f"{self.n_signals}"
            )
        if self.n_music:
            raise ValueError(
                f"X is 3-D, but n_music={self.n_music}: music features are the last columns of a "
                "2-D X"
            )
        return np.asarray(X).reshape(len(X), -1)

    def _trials(self, X: NDArray[np.float32]) -> Trials:
        """Rows of `X` as the network takes them."""
        n, columns = X.shape
        n_samples, rest = divmod(columns - self.n_music, self.n_signals)
        if n_samples < 1 or rest:
            raise ValueError(
                f"X with {columns} feature(s) is not n_signals * n_samples + n_music with "
                f"n_signals={self.n_signals} and n_music={self.n_music}"
            )
        signals = X[:, : columns - self.n_music].reshape(n, self.n_signals, n_samples)
        if self.length is not None and self.length != n_samples:
            signals = _interpolated(signals, self.length)
        eda = np.zeros((n, len(CHANNELS), signals.shape[-1]), np.float32)
        eda[:, : self.n_signals] = signals
        names = np.arange(n).astype(str)
        if not self.n_music:
            return Trials(eda=eda, subject=names, stimulus=names)
        # Equal features are one song, which counts once in their mean however often it was heard.
        music, song = np.unique(X[:, columns - self.n_music :], axis=0, return_inverse=True)
        song = song.reshape(-1).astype(np.int64)
        return Trials(eda=eda, subject=names, stimulus=song.astype(str), music=music, song=song)

    def _roles(self, label: NDArray[np.int64], groups: Any, seed: int) -> Roles:
        """Draw the validation trials."""
        every = np.arange(len(label))
        if groups is None:
            n_validation = max(2, math.ceil(self.validation_fraction * len(label)))  # both classes
            train, validation = train_test_split(
                every, test_size=n_validation, stratify=label, random_state=seed
            )
            train, validation = np.sort(train), np.sort(validation)
        else:
            known = read_groups(groups, len(label), "subject")
            columns = {"subject": known.subject, "stimulus": known.held_out_stimulus}
            there = {what: column for what, column in columns.items() if column is not None}
            if not there:
                raise ValueError("groups has neither a column subject nor a column stimulus")
            held_out = np.stack(
                [self._held_out(column, label, seed, what) for what, column in there.items()]
            )
            # With two kinds of groups, some trials are on one side by one and not by the other.
            validation = np.flatnonzero(held_out.all(axis=0))
            train = np.flatnonzero(~held_out.any(axis=0))
        for name, rows in (("train", train), ("validate", validation)):
            if len(np.unique(label[rows])) < 2:
                raise ValueError(
                    f"the {len(rows)} trials that {name} are not of both classes: more trials or "
                    "groups, or another validation_fraction"
                )
        return Roles(train, validation, validation[:0])

    def _held_out(
        self, column: NDArray[Any], label: NDArray[np.int64], seed: int, what: str
    ) -> NDArray[np.bool_]:
        """Trials of the subjects or stimuli that are drawn for validation."""
        if self.validation_fraction > 1 / MIN_FOLDS:
            raise ValueError(
                f"validation_fraction={self.validation_fraction:g}: with groups, at most "
                f"1/{MIN_FOLDS} of the trials can be held out"
            )
        n_groups = len(np.unique(column))
        n_folds = max(MIN_FOLDS, min(round(1 / self.validation_fraction), n_groups))
        if what == "stimulus":
            n_folds = min(n_folds, STIMULUS_FOLDS)  # as the protocol subject+stimulus
        return group_folds(column, label, n_folds, seed, what) == 0


def _interpolated(signals: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Interpolate the last axis as `rtcan_cli.eda.preprocess.network_input` does."""
    n_samples = signals.shape[-1]
    positions, known = np.linspace(0, n_samples - 1, length), np.arange(n_samples)
    rows = [np.interp(positions, known, row) for row in signals.reshape(-1, n_samples)]
    return np.array(rows, np.float32).reshape(*signals.shape[:-1], length)


def _fields(trials: Trials) -> dict[str, Any]:
    return {name: getattr(trials, name) for name in ("eda", "subject", "stimulus", "music", "song")}


def _warn_if_few_steps(recipe: Recipe, n_train: int) -> None:
    outlook = Outlook.of(recipe, [n_train])
    if outlook.enough is not None and outlook.steps < outlook.enough:
        other = ", or recipe='tuned'" if recipe.name == "paper" else ""
        warnings.warn(
            f"{outlook.describe()}. These may be too few steps: the recipe {recipe.name!r} needs "
            f"about {outlook.enough}. Try more epochs or a smaller batch_size{other}.",
            ConvergenceWarning,
            stacklevel=3,
        )
