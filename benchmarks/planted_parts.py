"""Whether contributions find who decides, over networks trained with different seeds.

Run it as ``.venv/bin/python benchmarks/planted_parts.py``. Simulated trials are high because of the
song, because of a skin conductance response, or because of one of them at random
(`tests/explain/planted_parts.py`). A small fused network is trained for each seed and cause, and
answers to new listeners and songs are explained: the share of EDA in the contributions, what of the
AUC is lost if EDA or music is exchanged, what is said of both, and how far contributions and
baseline are from the answers. The rank correlation with contributions of networks without training
says how much of it is not learnt.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.append(str(Path(__file__).resolve().parent.parent))

import numpy as np

from rtcan_cli.explain.randomise import rank_correlation, untrained
from tests.explain import planted_parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--trials", type=int, default=240)
    parser.add_argument("--background", type=int, default=100)
    parser.add_argument("--randomised", type=int, default=5, help="networks for each seed")
    options = parser.parse_args()
    print("simulated; the share of EDA is its mean [least to most] over seeds, in %")
    for cause in planted_parts.CAUSES:
        shares, drops, right, apart, alike = [], [], [], [], []
        said: dict[str, Counter[str]] = {"EDA": Counter(), "music": Counter()}
        for seed in range(options.seeds):
            model = planted_parts.train(cause, seed, options.steps)
            trials = planted_parts.draw(cause, options.trials, seed)
            background = planted_parts.draw(cause, options.background, 1000 + seed)
            table, parts = planted_parts.explained(model, trials, background, seed)
            for row in parts.to_dict("records"):
                said[row["part"]][row["verdict"]] += 1
            shares.append(parts["share"].iloc[0])
            drops.append(parts["drop"])
            right.append((table["true_class"] == table["called_class"]).mean())
            total = table[["baseline", "eda", "music"]].sum(axis=1)
            apart.append(np.abs(total - table["probability"]).max())
            for k in range(options.randomised):
                heard = trials.music[trials.song]
                nothing = untrained(model, trials.eda, heard, options.randomised * seed + k)
                drawn, _ = planted_parts.explained(nothing, trials, background, seed)
                pairs = [(table[x].to_numpy(), drawn[x].to_numpy()) for x in ("eda", "music")]
                alike.append([rank_correlation(one[None], two[None])[0] for one, two in pairs])
        share, lost = 100 * np.array(shares), np.mean(drops, axis=0)
        verdicts = "; ".join(
            f"{part} " + ", ".join(f"{word} {n}" for word, n in count.items())
            for part, count in said.items()
        )
        print(
            f"{cause}: accuracy {100 * np.mean(right):.0f} %; share of EDA {share.mean():.1f} "
            f"[{share.min():.1f} to {share.max():.1f}]; AUC lost without its EDA {lost[0]:.3f}, "
            f"its music {lost[1]:.3f}; {verdicts}; sum apart by at most {max(apart):.1e}; rank "
            f"correlation with randomised weights {np.mean(alike, axis=0).round(2).tolist()}",
            flush=True,
        )


if __name__ == "__main__":
    main()
