"""Scores on the real listeners of HKU956: all experiments of `plan.py`, and the page of the docs.

Run it as ``.venv/bin/python benchmarks/real_scores STORES SIMULATED RESULTS [--jobs N] [--page]``:

STORES     folder of the dataset's stores after ingest, relabel, decompose and eda-features
SIMULATED  the same of simulated recordings (``rtcan simulate hku956``), for pre-training
RESULTS    folder for the answers of each experiment, one table a target and seed

If interrupted, the same command continues. ``--page`` writes ``docs/real_scores.md`` from RESULTS.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from inputs import load
from joblib import Parallel, delayed
from page import write_page
from plan import EXPERIMENTS, SEEDS, TARGETS

from rtcan_cli.stores import Store

STORES = ("recordings", "labels", "components", "features")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stores", type=Path)
    parser.add_argument("simulated", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", help="experiments whose name contains this")
    parser.add_argument("--page", action="store_true")
    args = parser.parse_args()
    if args.page:
        write_page(args.stores, args.results)
        return
    _check_same_inputs(args.stores, args.results)
    tasks = [
        (experiment, target, seed)
        for experiment in EXPERIMENTS
        for seed in SEEDS
        for target in TARGETS
        if not args.only or args.only in experiment.name
    ]
    todo = [each for each in tasks if not _path(args.results, *each).exists()]
    print(f"{len(todo)} of {len(tasks)} trainings are left", flush=True)
    Parallel(args.jobs, verbose=1)(delayed(_one)(args, *each) for each in todo)


def _check_same_inputs(stores: Path, results: Path) -> None:
    """Refuse to mix answers from stores with other contents."""
    own = {}
    for kind in STORES:
        with Store(stores / f"{kind}.h5", kind) as store:
            own[kind] = store.content_id
    results.mkdir(parents=True, exist_ok=True)
    known = results / "stores.json"
    if known.exists() and json.loads(known.read_text()) != own:
        raise SystemExit(f"{results}: was made from other stores; name another folder")
    known.write_text(json.dumps(own, indent=1))


def _one(args, experiment, target: str, seed: int) -> None:
    from experiments import run  # imports PyTorch, once in each process

    study = load(args.stores)
    table = run(experiment, target, seed, study, args.simulated)
    path = _path(args.results, experiment, target, seed)
    part = path.with_suffix(".part")
    table.to_csv(part, index=False)
    os.replace(part, path)
    print(f"{path.name}: {len(table)} trials", flush=True)


def _path(results: Path, experiment, target: str, seed: int) -> Path:
    return results / f"{experiment.name}-{target}-{seed}.csv"


if __name__ == "__main__":
    main()
