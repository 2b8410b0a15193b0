"""Named choices and default numbers of the method, light enough for `--help` to import."""

from __future__ import annotations

from typing import Literal

LabelMethod = Literal["kmeans", "fixed", "median", "mean", "stimulus-mean"]
Layout = Literal["paper", "released"]
Variant = Literal["base", "base-stem", "Ra", "Rb", "Rc", "Rd", "Re", "Rf"]
Fusion = Literal["none", "music", "music-only"]
#: Each is a file of `rtcan_cli.models`; the paper's network first, then what it is compared with.
ModelName = Literal[
    "rtcan",
    "svm-eda",
    "cnn3-eda",
    "svm-music",
    "res-sin",
    "mlp",
    "dcnn",
    "cnn3-raw",
    "svm-gsr",
    "alexnet2d",
    "majority",
    "song-prior",
    "subject-prior",
    "duration-prior",
    "logistic",
    "boosting",
    "inceptiontime",
    "music-mlp",
]
Rating = Literal["valence", "arousal"]
Target = Literal["valence", "arousal", "both"]
RecipeName = Literal["paper", "tuned"]
ClassWeights = Literal["none", "balanced"]
Precision = Literal["fp32", "tf32", "bf16"]
Protocol = Literal["subject", "trial", "stimulus", "subject+stimulus", "loso"]
Thresholds = Literal["all", "training"]
DecompositionName = Literal["cvxeda", "cda", "dda", "highpass", "median"]
Polarity = Literal["conductance", "resistance", "as-is"]
Device = Literal["wrist", "chest"]
#: Sets of openSMILE, as the package calls them; the paper's first.
FeatureSet = Literal["ComParE_2016", "eGeMAPSv02", "GeMAPSv01b", "emobase"]
Solver = Literal["auto", "structured", "cvxopt"]
TimeConstants = Literal["fitted", "published"]
Alpha = float | Literal["auto"]
MapName = Literal["guided-gradcam", "gradcam", "integrated-gradients"]
Explained = Literal["predicted", "true", "low", "high"]
Fill = Literal["interpolate", "mean"]
Scale = Literal["probability", "logit"]

#: What the labels 0 and 1 mean.
CLASS_NAMES = ("low", "high")
#: What is trained unless another model is named: RTCAN-1D.
MODEL: ModelName = "rtcan"
#: Samples of each EDA channel that the network sees (the released code's 50 x 50).
LENGTH = 2500
#: The network as the paper has it, not as the authors' code.
LAYOUT: Layout = "paper"
#: What the layouts compute. Runs say it, because their weights would fit other revisions as well.
#: In 1, channel attention stood before branch and shortcut of a residual block, with one ReLU.
NETWORK = 2
#: Widths of the four residual stages, and convolutions in a residual block (Table 4).
CHANNELS = (64, 64, 64, 64)
DEPTH = 1
#: The paper's four steps.
LABEL_METHOD: LabelMethod = "kmeans"
#: What songs are described by.
FEATURE_SET: FeatureSet = "ComParE_2016"
#: Seed of everything that is drawn.
SEED = 0
#: Folds of the cross-validation (sec. 5.1).
FOLDS = 10
#: What a fold holds out; `rtcan_cli.training.folds.protocols` says what each promises.
PROTOCOL: Protocol = "subject"
#: Ratings of a subject that the thresholds between low and high come from.
THRESHOLDS: Thresholds = "all"
#: How often an interval holds the true value.
CONFIDENCE = 0.95
#: How often a study of the same size would find an effect that is called the smallest it can show.
POWER = 0.8
#: How a decision is explained (sec. 5.3.3).
MAP: MapName = "guided-gradcam"
#: What stands in the place of what is taken out of a trial to test an explanation.
FILL: Fill = "interpolate"
#: Training trials of a fold that stand in for a part of a trial that is taken out.
BACKGROUND = 100

#: How EDA is split into phasic and tonic part, and what solves cvxEDA.
DECOMPOSITION: DecompositionName = "cvxeda"
SOLVER: Solver = "auto"
#: Where the response that CDA and DDA divide by comes from: each recording, or their papers.
TIME_CONSTANTS: TimeConstants = "fitted"
#: Penalty on the driver of cvxEDA: by default from the noise of each recording.
ALPHA: Alpha = "auto"
#: The same as published, one number for all recordings.
PUBLISHED_ALPHA = 8e-4
#: Published penalty on the tonic spline of cvxEDA.
GAMMA = 1e-2

#: What a recording may suffer before it is left out; `rtcan_cli.eda.quality` gives the reasons.
#: Seconds, share of all samples, two shares of the known samples, share of a step, seconds.
MAX_GAP = 1.0
MAX_MISSING = 0.1
MAX_FLAT = 0.5
MAX_CLIPPED = 0.25
MAX_JITTER = 0.5
#: One whole skin conductance response: 1-3 s of latency and 1-3 s of rise (Dawson, Schell & Filion,
#: The electrodermal system, 2007, table 7.1).
MIN_DURATION = 6.0
#: What skin conductance cannot be: microsiemens, and microsiemens a second (Kleckner et al., 2018);
#: `rtcan_cli.eda.artefacts` says more. How many lasting steps a recording may have, and the least
#: ratio of its standard deviation to its sensor's noise: 0 names such recordings and uses them.
MIN_EDA = 0.05
MAX_EDA = 60.0
MAX_SLOPE = 10.0
MAX_STEPS = 0.0
MIN_SIGNAL_TO_NOISE = 0.0
