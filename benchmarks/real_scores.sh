#!/usr/bin/env bash
# Everything on docs/real_scores.md: stores, simulated recordings for pre-training, all trainings, the page.
# About five hours of one core, most of it for Res-SIN, AlexNet-2D, InceptionTime and the search of cnn3-raw. If interrupted, the same command continues.
#
#   PATH="$PWD/.venv/bin:$PATH" bash benchmarks/real_scores.sh [RAW] [WORK]
set -euo pipefail
cd "$(dirname "$0")/.."
RAW=${1:-examples/data/hku956.zip}
WORK=${2:-real-scores}
JOBS=${JOBS:-1}
export OMP_NUM_THREADS=1

rtcan ingest hku956 "$RAW" -w "$WORK/real"
rtcan relabel -w "$WORK/real"
rtcan decompose -w "$WORK/real"
rtcan eda-features -w "$WORK/real"

if [ ! -d "$WORK/simulated-raw" ]; then
  rtcan simulate hku956 "$WORK/simulated-raw" --subjects 60 --stimuli 20 --duration 44
fi
rtcan ingest hku956 "$WORK/simulated-raw" -w "$WORK/simulated"
rtcan relabel -w "$WORK/simulated"
rtcan decompose -w "$WORK/simulated"

STORES=("$WORK/real/hku956" "$WORK/simulated/hku956" "$WORK/answers")
python benchmarks/real_scores "${STORES[@]}" --jobs "$JOBS"
python benchmarks/real_scores "${STORES[@]}" --page
