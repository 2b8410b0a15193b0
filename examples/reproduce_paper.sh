#!/usr/bin/env bash
# The whole paper from raw files: Tables 1 to 6, Figs. 3 to 8, and one HTML report with all of them.
#
# With the three real datasets: the paper's recipe on a GPU. Without a GPU, rtcan warns and trains on the CPU, where
# one network on the whole of PMEmo takes about an hour on one core, and there are hundreds of networks.
# Without arguments: small simulated copies on the CPU, to show that the chain works; their scores say nothing
# about people.
#
# Each stage first prints how long it will take. The script can be stopped at any time and started again: finished
# work is kept.
set -euo pipefail

if [ $# -gt 0 ] && { [ $# -lt 3 ] || [ "$1" = "-h" ] || [ "$1" = "--help" ]; }; then
  echo "usage: $0 [PMEMO DEAP AMIGOS [FOLDER]]" >&2
  echo "  PMEMO DEAP AMIGOS  folders or zips of the datasets; default: simulated, in FOLDER/raw" >&2
  echo "  FOLDER             for stores, figures and the report; default: reproduction" >&2
  exit 2
fi
folder=${4:-reproduction}
export RTCAN_WORKSPACE=$folder/stores
figures=$folder/figures
all_variants=base,Ra,Rb,Rc,Rd,Re,Rf

if [ $# -eq 0 ]; then
  raw=("$folder/raw/pmemo" "$folder/raw/deap" "$folder/raw/amigos")
  folds=3
  recipe=(--folds "$folds" --recipe tuned --epochs 2 --jobs 2) length=(--length 160)
  seconds=3 # per network, until one has been trained here
else
  raw=("$1" "$2" "$3")
  folds=10
  recipe=(--folds "$folds" --recipe paper --gpu 0) length=()
  seconds=0
fi

# stage WHAT [RUNS]: print the next stage, and how long its runs will take, judged by the networks trained so far.
stage() {
  local needs="minutes" networks=$((${2:-0} * 2 * folds))
  if [ "$networks" -gt 0 ]; then
    needs="$networks networks"
    [ "$seconds" -eq 0 ] || needs+=", about $((networks * seconds / 60 + 1)) minutes at $seconds s each"
  fi
  printf '\n== %s (%s; %d minutes have passed)\n' "$1" "$needs" $((SECONDS / 60)) >&2
}

finished() { find "$RTCAN_WORKSPACE" -path '*/runs/*.h5' | wc -l; }

# train OPTIONS...: train, and measure from the new runs how long a network takes.
train() {
  local begun=$SECONDS there networks
  there=$(finished)
  rtcan train "${recipe[@]}" "$@"
  networks=$((($(finished) - there) * 2 * folds))
  [ "$networks" -eq 0 ] || seconds=$(((SECONDS - begun + networks - 1) / networks))
}

if [ $# -eq 0 ]; then
  stage "Simulated raw files"
  rtcan simulate pmemo "${raw[0]}" --subjects 40 --stimuli 8 --duration 12
  rtcan simulate deap "${raw[1]}" --subjects 9 --stimuli 8 --duration 12
  rtcan simulate amigos "${raw[2]}" --subjects 9 --stimuli 8 --duration 12
fi

stage "Raw files, labels, decomposition, music features (Tables 1 and 2, Fig. 3)"
rtcan ingest pmemo "${raw[0]}"
rtcan ingest deap "${raw[1]}"
rtcan ingest amigos "${raw[2]}"
for dataset in pmemo deap amigos; do
  rtcan relabel --dataset "$dataset"
  rtcan decompose --dataset "$dataset" --alpha 8e-4 # the number that the paper used
  rtcan eda-features --dataset "$dataset"
done
rtcan music-features --dataset pmemo

stage "Table 3 and Fig. 4: EDA alone, on 10, 40, 70 and 100 % of PMEmo's subjects" 4
shares=(--subjects 10%,40%,70%,100%)
train --dataset pmemo "${length[@]}" "${shares[@]}"

stage "Table 3 and Fig. 4: SVMs and the 3-layer CNN on features" 4
rtcan train --dataset pmemo --model svm-eda --folds "$folds" "${shares[@]}"
rtcan train --dataset pmemo --model svm-music --folds "$folds"
train --dataset pmemo --model cnn3-eda "${shares[@]}"

stage "Table 5 and Figs. 5 to 8: attention modules on PMEmo, with music" 7
train --dataset pmemo --fusion music "${length[@]}" --variant "$all_variants"

stage "Table 5: attention modules on DEAP" 7
train --dataset deap "${length[@]}" --variant "$all_variants"

stage "Table 5: attention modules on AMIGOS" 7
train --dataset amigos "${length[@]}" --variant "$all_variants"

stage "Table 4: depth and widths" 3
train --dataset pmemo --fusion music "${length[@]}" --depth 1,2 --channels 64,64,64,64 --channels 64,128,256,512

stage "How much of the score is memory: other protocols" 3
train --dataset pmemo --fusion music "${length[@]}" --protocol trial,stimulus,subject+stimulus

stage "Table 6: previous work" 13
train --dataset pmemo --fusion music --model res-sin "${length[@]}"
for dataset in pmemo deap amigos; do
  train --dataset "$dataset" --model dcnn,alexnet2d,cnn3-raw "${length[@]}"
  train --dataset "$dataset" --model mlp
done

stage "Table 6: baselines"
rtcan train --dataset pmemo --model song-prior --folds "$folds"
for dataset in pmemo deap amigos; do
  rtcan train --dataset "$dataset" --model svm-gsr,majority --folds "$folds"
done

stage "Tables, figures and the report"
rtcan compare --table 1,2,3,4,5,6 --figure 3,4,5,6,7,8 --figures-dir "$figures"
rtcan report --output "$folder/report.html" --figures-dir "$figures"

echo
echo "Report:  $folder/report.html"
echo "Tables:  $figures/table1.csv to table6.csv, each also as .md and .tex"
echo "Figures: $figures/figure4_*.png, $figures/pmemo/labels_*.png and $figures/pmemo/*/attention_*.png"
