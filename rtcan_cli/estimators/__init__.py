"""The network and the protocols of rtcan as scikit-learn's estimators and splitters.

They follow scikit-learn's interface and are used with its functions: `cross_validate`, `Pipeline`,
`GridSearchCV`. What computes is the same code as in `rtcan train`.
"""

from rtcan_cli.estimators.classifier import RTCANClassifier
from rtcan_cli.estimators.signals import decompose_trials
from rtcan_cli.estimators.splitter import ProtocolSplit

__all__ = ["ProtocolSplit", "RTCANClassifier", "decompose_trials"]
