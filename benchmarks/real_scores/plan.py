"""What is tried on the real listeners: the whole list, written down before the first result.

Nothing is added to it after a result has been seen. What turned out to be impossible stays in the
list, with the reason.

Known beforehand, from a first look at all 30 listeners with an earlier version: on unseen
listeners, arousal and valence, majority class 51.9 and 58.0 % accuracy, `song-prior` 62.5 and 61,
`svm-eda` 50.3 and 59.3, RTCAN-1D on EDA 52.2 and 56.4 (AUC 0.49 and 0.51); correlations of simple
features with the ratings within listeners from -0.03 to 0.08.

What is judged: the AUC of unseen listeners, averaged over the folds and the seeds, with its
interval over listeners; then balanced accuracy, and Spearman's correlation of the answer with the
rating within the listener. An AUC counts as above chance if its p value, corrected by Holm's method
for all experiments with EDA of one target, is below 0.05. The smallest effect that this study can
show is the AUC above 0.5 that such an interval, uncorrected, excludes from chance with a power of
80 %.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Folds and networks depend on the seed; scores are averaged over these.
SEEDS = (0, 1, 2, 3, 4)
FOLDS = 5
TARGETS = ("arousal", "valence")
ONSET = 3.0
#: Samples per channel. Half of the recordings last less than 44 s, which are 176 samples.
LENGTH = 256
RECIPE = "tuned"
#: Seconds after the onset that all but a few recordings have.
WINDOW = "first:24"
#: Labelled trials of a new listener that a model is adapted with.
ADAPTED_WITH = (5, 10)

VARIANTS = ("base", "base-stem", "Ra", "Rb", "Rc", "Rd", "Re", "Rf")


@dataclass(frozen=True)
class Experiment:
    """One model, with what it sees and what its folds hold out.

    Parameters
    ----------
    group : str
        Table of the page that it belongs to, one of `GROUPS`.
    model : str
        As ``rtcan train --model`` takes it, or ``ridge``.
    inputs : str
        What the model sees, one of `rtcan_cli`'s inputs or of those in `inputs.py`.
    variant : str
        Of RTCAN-1D.
    protocol : str
        What the folds hold out.
    change : str
        What differs from the plain model: empty, ``measured`` (only recordings that vary by at
        least three times the noise of their sensor), ``pretrained`` (weights from simulated
        recordings) or ``adapted`` (to the first trials of each test listener).
    """

    group: str
    model: str
    inputs: str
    variant: str = ""
    protocol: str = "subject"
    change: str = ""

    @property
    def name(self) -> str:
        """Unique name, also of files."""
        parts = (self.protocol, self.model, self.variant, self.inputs, self.change)
        return "-".join(part for part in parts if part)


GROUPS = {
    "priors": "No EDA",
    "network": "RTCAN-1D on EDA",
    "rivals": "Other models of EDA",
    "listener": "Within the listener",
    "design": "Other choices of design",
    "adapted": "Adapted to a new listener",
    "stimulus": "New songs, known listeners",
    "both": "New listeners and new songs",
}

PRIORS = (("majority", "none"), ("song-prior", "none"), ("duration-prior", "duration"))
#: What is tried under all three protocols.
MAIN = (
    ("rtcan", "signals", "Rf"),
    ("logistic", "features", ""),
    ("boosting", "features", ""),
    ("svm-eda", "features", ""),
)

EXPERIMENTS = (
    *(Experiment("priors", model, inputs) for model, inputs in PRIORS),
    Experiment("priors", "logistic", "order"),
    *(Experiment("network", "rtcan", "signals", variant) for variant in VARIANTS),
    *(
        Experiment("rivals", model, "features")
        for model in ("svm-eda", "svm-gsr", "logistic", "boosting", "mlp", "cnn3-eda")
    ),
    *(
        Experiment("rivals", model, "signals")
        for model in ("inceptiontime", "dcnn", "cnn3-raw", "res-sin", "alexnet2d")
    ),
    # Normalised within the listener, from all recordings of the listener, without labels.
    *(
        Experiment("listener", model, "features-listener")
        for model in ("svm-eda", "logistic", "boosting")
    ),
    Experiment("listener", "logistic", "level-listener"),
    Experiment("listener", "rtcan", "signals-listener", "Rf"),
    # The rating itself, in standard deviations of the listener, instead of high and low.
    Experiment("listener", "ridge", "features"),
    Experiment("listener", "ridge", "features-listener"),
    Experiment("design", "logistic", "level"),
    Experiment("design", "rtcan", "signals-window", "Rf"),
    Experiment("design", "rtcan", "signals", "Rf", change="measured"),
    Experiment("design", "logistic", "features", change="measured"),
    Experiment("design", "rtcan", "signals", "Rf", change="pretrained"),
    Experiment("adapted", "rtcan", "signals", "Rf", change="adapted"),
    Experiment("adapted", "logistic", "features-listener", change="adapted"),
    Experiment("adapted", "majority", "none", change="adapted"),
    *(
        Experiment(group, *model, protocol=protocol)
        for group, protocol in (("stimulus", "stimulus"), ("both", "subject+stimulus"))
        for model in (*PRIORS, *MAIN)
    ),
)
