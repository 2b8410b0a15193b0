"""Named choices and default numbers of the method, light enough for `--help` to import."""

from __future__ import annotations

from typing import Literal

LabelMethod = Literal["kmeans", "fixed", "median", "mean"]
Variant = Literal["base", "Ra", "Rb", "Rc", "Rd", "Re", "Rf"]
Fusion = Literal["none", "music"]
Target = Literal["valence", "arousal", "both"]
RecipeName = Literal["paper", "tuned"]

#: Samples of each EDA channel that the network sees (the released code's 50 x 50).
LENGTH = 2500
#: Widths of the four residual stages, and convolutions in a residual block (Table 4).
CHANNELS = (64, 64, 64, 64)
DEPTH = 1
#: The paper's four steps.
LABEL_METHOD: LabelMethod = "kmeans"
#: Seed of everything that is drawn.
SEED = 0
#: Folds of the cross-validation (sec. 5.1).
FOLDS = 10

#: Published weights of the cvxEDA penalties on the driver and on the tonic spline.
ALPHA = 8e-4
GAMMA = 1e-2
