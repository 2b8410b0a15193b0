#!/usr/bin/env bash
# Makes the pictures in docs/images again, with the present code, from the demo and from simulated data.
# Usage: bash docs/make_images.sh [FOLDER]     (default: demo, where `make demo` leaves its stores)
#
# Needs rtcan on the path; about ten minutes on two cores if the demo has been made. The picture of the report is only
# made if chromium and pdftoppm (poppler-utils) are on the path, too.
#
# Not made here: paper_recipe_arousal.png, which takes hours. It is a learning curve of
#   rtcan simulate pmemo RAW --scale full, ingest, relabel, decompose, and
#   rtcan train --dataset pmemo --recipe paper --folds 5 --length 250 --target arousal --test-subject SUBJECT
#   rtcan evaluate --dataset pmemo
set -euo pipefail
cd "$(dirname "$0")/.."

demo=${1:-demo}
images=docs/images
drawn=$demo/images

# The tutorial's figures, and the run behind them.
bash examples/quickstart.sh "$demo"
export RTCAN_WORKSPACE=$demo/stores
cp "$demo/figures/real/comparison_hku956_arousal.png" $images/comparison_real_arousal.png
figures=$demo/figures/simulated
one=subject_100184
cp "$figures/pmemo/labels_$one.png" $images/relabel_steps.png
cp "$figures/pmemo/decomposition_${one}_stimulus_1_arousal.png" $images/decomposition.png
for kind in columns heat; do
  cp "$figures/pmemo/attention_${kind}_arousal_${one}_music_1.png" "$images/attention_${kind}_arousal.png"
done
cp "$figures/comparison_pmemo_arousal.png" $images/comparison_arousal.png

# Attention around responses, of the run on EDA alone.
eda=$(basename "$(ls "$RTCAN_WORKSPACE"/pmemo/runs/Rf-eda-arousal-*.h5)" .h5)
rtcan gradcam "$eda" --dataset pmemo --all --figures-dir "$drawn"
cp "$drawn"/pmemo/attention_responses_arousal*.png $images/attention_responses_arousal.png

# Recordings with faults, worst first.
(
  export RTCAN_WORKSPACE=$drawn/stores
  rtcan simulate amigos "$drawn/raw" --subjects 40 --stimuli 8 --duration 60 --faults
  rtcan ingest amigos "$drawn/raw" --skip-bad
  rtcan info "$RTCAN_WORKSPACE/amigos/recordings.h5" --quality --plot --figures-dir "$drawn"
)
cp "$drawn/amigos/quality.png" $images/quality.png

# Page one of the report on real listeners, as it is printed.
if command -v chromium >/dev/null && command -v pdftoppm >/dev/null; then
  chromium --headless=new --no-sandbox --no-pdf-header-footer --print-to-pdf="$drawn/report.pdf" \
    "file://$(realpath "$demo/report.html")"
  pdftoppm -r 110 -png -singlefile "$drawn/report.pdf" $images/report
fi
