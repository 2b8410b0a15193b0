#!/usr/bin/env bash
# The whole chain, from raw files to figures: first on real listeners, whose EDA tells little, then on a small simulated
# copy of PMEmo, for what the real data lack (songs to fuse, and effects to see).
# Usage: bash examples/quickstart.sh [FOLDER]     (default: demo)
# When it is run again, existing stores are kept, and the figures are drawn again.
set -euo pipefail

here=$(dirname "$0")
demo=${1:-demo}
export RTCAN_WORKSPACE=$demo/stores
real=$demo/figures/real
simulated=$demo/figures/simulated

# 24 listeners of HKU956 with a wristband (CC BY-NC 4.0, see examples/data/LICENSE-HKU956.md).
rtcan ingest hku956 "$here/data/hku956.zip"
rtcan relabel --dataset hku956 --plot hku1910 --figures-dir "$real"
rtcan decompose --dataset hku956 --plot hku1910:42205 --figures-dir "$real"
rtcan eda-features --dataset hku956

# What is known without the skin (the class, the song, how long it was played), then models of EDA.
rtcan train --dataset hku956 --folds 5 --model majority,song-prior,duration-prior,svm-eda,logistic
rtcan train --dataset hku956 --folds 5 --recipe tuned --epochs 12 --length 256 --channels 16,16,16,16
rtcan compare --dataset hku956 --figures-dir "$real"

# One page that answers: is there signal, how sure, compared with what?
rtcan report --dataset hku956 --output "$demo/report.html" --figures-dir "$real"

# Simulated raw files in PMEmo's layout: per-subject ratings, two EDA recordings per trial, MP3s.
small=(--dataset pmemo --recipe tuned --folds 5 --length 500)
rtcan simulate pmemo "$demo/raw" --subjects 48
rtcan ingest pmemo "$demo/raw"
rtcan relabel --dataset pmemo --plot 100184 --figures-dir "$simulated"
rtcan decompose --dataset pmemo --plot 100184:1 --figures-dir "$simulated"
rtcan music-features --dataset pmemo
rtcan eda-features --dataset pmemo

# Baselines: the class, what other listeners felt at the song, and simple models of the skin and of the music.
rtcan train --dataset pmemo --folds 5 --model majority,song-prior,svm-eda,svm-music

# EDA alone (arousal is enough for the comparison), then fused with music. For the figures, also the two networks with
# one kind of attention each, trained only for the fold that tests subject 100184.
rtcan train "${small[@]}" --target arousal
rtcan train "${small[@]}" --fusion music
rtcan train "${small[@]}" --fusion music --variant Rb,Rd --test-subject 100184

# Runs -> numbers and figures.
rtcan evaluate --dataset pmemo --figures-dir "$simulated"
rtcan gradcam --dataset pmemo --subject 100184 --music 1 --figures-dir "$simulated"
rtcan compare --dataset pmemo --figures-dir "$simulated"

echo
echo "Real listeners:      $demo/report.html, whose first page is the answer; figures in $real"
echo "Simulated listeners: $simulated/comparison.csv, and figures beside it"
echo "What is where:       rtcan info --workspace $RTCAN_WORKSPACE"
