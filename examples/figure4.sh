#!/usr/bin/env bash
# The network in the paper's Fig. 4: EDA alone, on 10, 40, 70 and 100 % of the subjects.
#
# With the folder of the real PMEmo: the paper's recipe on a GPU. Four runs of twenty networks each take long.
# Without it: a small simulated copy of PMEmo on the CPU, to show that the chain works; its scores say nothing
# about real listeners. The script can be stopped at any time and started again: finished work is kept.
set -euo pipefail

if [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ]; then
  echo "usage: $0 [RAW [WORKSPACE]]" >&2
  echo "  RAW        folder with PMEmo's 2018 edition, unpacked; default: simulated, in raw/figure4" >&2
  echo "  WORKSPACE  folder for the stores; default: rtcan-stores-figure4" >&2
  exit 2
fi
raw=${1:-raw/figure4}
export RTCAN_WORKSPACE=${2:-rtcan-stores-figure4}

if [ $# -lt 1 ]; then
  rtcan simulate pmemo "$raw" --subjects 40 --stimuli 12
  training=(--recipe tuned --folds 3 --length 250 --jobs 2)
else
  training=(--recipe paper --folds 10 --gpu 0)
fi

rtcan ingest pmemo "$raw"
rtcan relabel --dataset pmemo
rtcan decompose --dataset pmemo

# Each subset is contained in the next one. Existing runs are not trained again.
rtcan train --dataset pmemo --fusion none "${training[@]}" --subjects 10%,40%,70%,100%

rtcan compare --dataset pmemo --figures-dir rtcan-figures-figure4
