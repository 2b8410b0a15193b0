#!/usr/bin/env bash
# The paper's Table 5: the network without attention, and with each combination of its modules.
#
# With the folder of the real PMEmo: the paper's recipe on a GPU. Seven runs of twenty networks each take long.
# Without it: a small simulated copy of PMEmo on the CPU, to show that the chain works; its scores say nothing
# about real listeners. The script can be stopped at any time and started again: finished work is kept.
set -euo pipefail

if [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ]; then
  echo "usage: $0 [RAW [WORKSPACE]]" >&2
  echo "  RAW        folder with PMEmo's 2018 edition, unpacked; default: simulated, in raw/table5" >&2
  echo "  WORKSPACE  folder for the stores; default: rtcan-stores-table5" >&2
  exit 2
fi
raw=${1:-raw/table5}
export RTCAN_WORKSPACE=${2:-rtcan-stores-table5}

if [ $# -lt 1 ]; then
  rtcan simulate pmemo "$raw" --subjects 12 --stimuli 12
  training=(--recipe tuned --folds 3 --length 250 --jobs 2)
else
  training=(--recipe paper --folds 10 --gpu 0)
fi

rtcan ingest pmemo "$raw"
rtcan relabel --dataset pmemo
rtcan decompose --dataset pmemo
rtcan music-features --dataset pmemo

# One run for each variant. Existing runs are not trained again.
rtcan train --dataset pmemo --fusion music "${training[@]}" --variant base,Ra,Rb,Rc,Rd,Re,Rf

rtcan compare --dataset pmemo --paper --figures-dir rtcan-figures-table5
