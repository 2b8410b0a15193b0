#!/usr/bin/env bash
# The whole chain on the real PMEmo, with the paper's recipe.
#
# Training takes long: two targets, ten folds and a hundred epochs each, fused and on EDA alone. Use a
# GPU. Without one, rtcan warns and trains on the CPU; expect that to take very much longer. The script
# can be stopped at any time and started again: finished work is kept.
set -euo pipefail

if [ $# -lt 1 ]; then
  echo "usage: $0 RAW [WORKSPACE]" >&2
  echo "  RAW        folder with PMEmo's 2018 edition, unpacked (the songs are needed as files)" >&2
  echo "  WORKSPACE  folder for the stores; default: rtcan-stores" >&2
  exit 2
fi
raw=$1
export RTCAN_WORKSPACE=${2:-rtcan-stores}

rtcan ingest pmemo "$raw"
rtcan relabel --dataset pmemo --plot 100184
rtcan decompose --dataset pmemo --plot 100184:1
rtcan music-features --dataset pmemo

# The paper's two networks: RTCAG (EDA alone) and RTCAN-1D (fused with music).
rtcan train --dataset pmemo --name rtcag --fusion none --recipe paper --folds 10 --gpu 0
rtcan train --dataset pmemo --name rtcan-1d --fusion music --recipe paper --folds 10 --gpu 0
rtcan evaluate rtcag --dataset pmemo
rtcan evaluate rtcan-1d --dataset pmemo

# The paper's Figs. 5 to 8 show channel attention (Rb), temporal attention (Rd) and both (Rf) side by
# side. For the first two, the fold that tests this subject is enough.
for variant in Rb Rd; do
  rtcan train --dataset pmemo --variant "$variant" --fusion music --recipe paper --folds 10 \
    --test-subject 100184 --gpu 0
done
rtcan gradcam rtcan-1d --dataset pmemo --subject 100184 --music 1

rtcan compare rtcag rtcan-1d --dataset pmemo --paper

# Simple models that a network should beat, then one page with the answer.
rtcan eda-features --dataset pmemo
rtcan train --dataset pmemo --model logistic,boosting,song-prior,duration-prior --folds 10
rtcan report --dataset pmemo --output report.html
