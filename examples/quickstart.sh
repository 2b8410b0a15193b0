#!/usr/bin/env bash
# The whole chain, from raw files to figures, on a small simulated copy of PMEmo.
# Usage: bash examples/quickstart.sh [FOLDER]     (default: demo)
# When it is run again, existing stores are kept, and the figures are drawn again.
set -euo pipefail

demo=${1:-demo}
export RTCAN_WORKSPACE=$demo/stores
figures=$demo/figures
small=(--dataset pmemo --recipe tuned --folds 5 --length 500)

# Raw files in the publisher's layout: per-subject ratings, two EDA recordings per trial, MP3s.
rtcan simulate pmemo "$demo/raw" --subjects 48

# Raw files -> stores.
rtcan ingest pmemo "$demo/raw"
rtcan relabel --plot 100184 --figures-dir "$figures"
rtcan decompose --plot 100184:1 --figures-dir "$figures"
rtcan music-features

# EDA alone (arousal is enough for the comparison), then fused with music. For the figures, also the two networks with
# one kind of attention each, trained only for the fold that tests subject 100184.
rtcan train "${small[@]}" --target arousal
rtcan train "${small[@]}" --fusion music --variant Rb --test-subject 100184
rtcan train "${small[@]}" --fusion music --variant Rd --test-subject 100184
rtcan train "${small[@]}" --fusion music

# Runs -> numbers and figures.
rtcan evaluate --figures-dir "$figures"
rtcan gradcam --subject 100184 --music 1 --figures-dir "$figures"
rtcan compare --figures-dir "$figures"

echo
echo "Results table: $figures/comparison.csv"
echo "Figures:       $figures/pmemo/ and $figures/comparison_pmemo_*.png"
echo "What is where: rtcan info --workspace $RTCAN_WORKSPACE"
