#!/usr/bin/env bash
# The paper's Table 6: previous work, the network, and baselines.
#
# With a folder of real PMEmo, DEAP or AMIGOS: the paper's recipe on a GPU. Prints an estimate of the time before it
# trains each network. DEAP and AMIGOS come without audio, so there is no fusion with music for them.
# Without arguments: a small simulated copy of PMEmo on the CPU, to show that the chain works; its scores say nothing
# about real listeners. The script can be stopped at any time and started again: finished work is kept.
set -euo pipefail

if [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ] || [ $# -eq 1 ]; then
  echo "usage: $0 [DATASET RAW [WORKSPACE]]" >&2
  echo "  DATASET    pmemo, deap or amigos" >&2
  echo "  RAW        folder with its raw files, as for 'rtcan ingest'; default: simulated, in raw/table6" >&2
  echo "  WORKSPACE  folder for the stores; default: rtcan-stores-table6" >&2
  exit 2
fi
dataset=${1:-pmemo}
raw=${2:-raw/table6}
export RTCAN_WORKSPACE=${3:-rtcan-stores-table6}
source "$(dirname "$0")/estimate.sh"

if [ $# -lt 2 ]; then
  rtcan simulate pmemo "$raw" --subjects 12 --stimuli 12
  folds=(--folds 3) training=(--recipe tuned --jobs 2) length=(--length 500) epochs=6 jobs=2
else
  folds=(--folds 10) training=(--recipe paper --gpu 0) length=() epochs=100 jobs=1
fi

rtcan ingest "$dataset" "$raw"
rtcan relabel --dataset "$dataset"
rtcan decompose --dataset "$dataset"
rtcan eda-features --dataset "$dataset"

# These take seconds per fold. Existing runs are not trained again.
rtcan train --dataset "$dataset" --model svm-gsr,majority,song-prior "${folds[@]}"

fusions=none
if [ "$dataset" = pmemo ]; then
  rtcan music-features --dataset "$dataset"
  fusions=none,music
fi

estimate 100 --model mlp
rtcan train --dataset "$dataset" --model mlp "${folds[@]}" "${training[@]}"

for model in dcnn cnn3-raw alexnet2d; do
  estimate 100 --model "$model" "${length[@]}"
  rtcan train --dataset "$dataset" --model "$model" "${folds[@]}" "${training[@]}" "${length[@]}"
done

for model in res-sin rtcan; do
  for fusion in ${fusions//,/ }; do
    estimate 100 --model "$model" --fusion "$fusion" "${length[@]}"
    rtcan train --dataset "$dataset" --model "$model" --fusion "$fusion" "${folds[@]}" "${training[@]}" "${length[@]}"
  done
done

rtcan compare --dataset "$dataset" --paper --figures-dir rtcan-figures-table6
