#!/usr/bin/env bash
# The paper's Table 3: SVM and 3-layer CNN on hand-crafted EDA features and the network on the EDA itself, by number
# of listeners; SVM on music alone, and the network on EDA and music.
#
# With a folder of real PMEmo, DEAP or AMIGOS: the paper's recipe on a GPU. DEAP and AMIGOS come without audio, so for
# these the paper and this script only have the rows on EDA alone. Prints an estimate of the time before training.
# Without arguments: a small simulated copy of PMEmo on the CPU, to show that the chain works; its scores say nothing
# about real listeners. The script can be stopped at any time and started again: finished work is kept.
set -euo pipefail

if [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ] || [ $# -eq 1 ]; then
  echo "usage: $0 [DATASET RAW [WORKSPACE]]" >&2
  echo "  DATASET    pmemo, deap or amigos" >&2
  echo "  RAW        folder with its raw files, as for 'rtcan ingest'; default: simulated, in raw/table3" >&2
  echo "  WORKSPACE  folder for the stores; default: rtcan-stores-table3" >&2
  exit 2
fi
dataset=${1:-pmemo}
raw=${2:-raw/table3}
export RTCAN_WORKSPACE=${3:-rtcan-stores-table3}
source "$(dirname "$0")/estimate.sh"

if [ $# -lt 2 ]; then
  rtcan simulate pmemo "$raw" --subjects 40 --stimuli 12
  folds=(--folds 3) training=(--recipe tuned --jobs 2) length=(--length 250) epochs=6 jobs=2
else
  folds=(--folds 10) training=(--recipe paper --gpu 0) length=() epochs=100 jobs=1
fi

rtcan ingest "$dataset" "$raw"
rtcan relabel --dataset "$dataset"
rtcan decompose --dataset "$dataset"
rtcan eda-features --dataset "$dataset"

# The SVM takes seconds per fold. Each subset is contained in the next one. Existing runs are not trained again.
shares=(--subjects 10%,40%,70%,100%)
rtcan train --dataset "$dataset" --model svm-eda "${folds[@]}" "${shares[@]}"

estimate 220 --model cnn3-eda
rtcan train --dataset "$dataset" --model cnn3-eda "${folds[@]}" "${training[@]}" "${shares[@]}"

estimate 220 --model rtcan --fusion none "${length[@]}"
rtcan train --dataset "$dataset" --fusion none "${folds[@]}" "${training[@]}" "${length[@]}" "${shares[@]}"

if [ "$dataset" = pmemo ]; then
  rtcan music-features --dataset "$dataset"
  rtcan train --dataset "$dataset" --model svm-music "${folds[@]}"
  estimate 100 --model rtcan --fusion music "${length[@]}"
  rtcan train --dataset "$dataset" --fusion music "${folds[@]}" "${training[@]}" "${length[@]}"
fi

rtcan compare --dataset "$dataset" --paper --figures-dir rtcan-figures-table3
