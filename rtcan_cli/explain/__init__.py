"""Where in time a network looked, whether that holds on average, and whether to believe it.

- `maps` explains decisions: guided Grad-CAM as in the paper, plain Grad-CAM, integrated gradients.
- `average` puts the maps of many trials together, `responses` looks at them around SCRs.
- `randomise` and `deletion` test the explanation itself; `architecture` says what a network
  without any training looks at.
"""

from rtcan_cli.explain.maps import Attribution, Maps, attribute, attribute_trials

__all__ = ["Attribution", "Maps", "attribute", "attribute_trials"]
