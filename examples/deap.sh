#!/usr/bin/env bash
# The whole chain on the real DEAP, with the paper's recipe. The paper uses EDA alone here.
#
# Training takes long: two targets, ten folds and a hundred epochs each. Use a GPU. Without one, rtcan
# warns and trains on the CPU; expect that to take much longer. The script can be stopped at any time and
# started again: finished work is kept.
set -euo pipefail

if [ $# -lt 1 ]; then
  echo "usage: $0 RAW [WORKSPACE]" >&2
  echo "  RAW        data_preprocessed_python (s01.dat ...), or its zip" >&2
  echo "  WORKSPACE  folder for the stores; default: rtcan-stores" >&2
  exit 2
fi
raw=$1
export RTCAN_WORKSPACE=${2:-rtcan-stores}

rtcan ingest deap "$raw"
rtcan relabel --dataset deap
rtcan decompose --dataset deap
rtcan train --dataset deap --name rtcag --fusion none --recipe paper --folds 10 --gpu 0
rtcan evaluate rtcag --dataset deap

# Where the network looked, for the first subject and the first video.
rtcan gradcam rtcag --dataset deap --subject 01 --stimulus 1

rtcan compare rtcag --dataset deap --paper
