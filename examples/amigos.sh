#!/usr/bin/env bash
# The whole chain on the real AMIGOS, with the paper's recipe. The paper uses EDA alone here.
#
# Training takes long: two targets, ten folds and a hundred epochs each. Use a GPU. Without one, rtcan
# warns and trains on the CPU; expect that to take much longer. The script can be stopped at any time and
# started again: finished work is kept.
set -euo pipefail

if [ $# -lt 1 ]; then
  echo "usage: $0 RAW [WORKSPACE [VIDEO]]" >&2
  echo "  RAW        data_preprocessed_matlab (Data_Preprocessed_P01.mat ...), or its zip" >&2
  echo "  WORKSPACE  folder for the stores; default: rtcan-stores" >&2
  echo "  VIDEO      video of subject 01 to draw the network's attention for; none by default" >&2
  exit 2
fi
raw=$1
export RTCAN_WORKSPACE=${2:-rtcan-stores}
video=${3:-}

rtcan ingest amigos "$raw"
rtcan relabel --dataset amigos
rtcan decompose --dataset amigos
rtcan train --dataset amigos --name rtcag --fusion none --recipe paper --folds 10 --gpu 0
rtcan evaluate rtcag --dataset amigos

# Where the network looked, for one trial of the first subject. Videos are named as in the files; if the
# given name does not exist, rtcan lists the existing names.
if [ -n "$video" ]; then
  rtcan gradcam rtcag --dataset amigos --subject 01 --stimulus "$video"
fi

rtcan compare rtcag --dataset amigos --paper
