#!/usr/bin/env bash
# Makes the pictures in docs/images again, with the present code, from the demo and from simulated data.
# Usage: bash docs/make_images.sh [FOLDER]     (default: demo, where `make demo` leaves its stores)
#
# Needs rtcan on the path; about ten minutes on two cores if the demo has been made. The pictures of pages are only
# made if chromium is on the path, too. With LONG=yes it also trains the run behind paper_recipe_arousal.png, which
# takes hours.
set -euo pipefail
cd "$(dirname "$0")/.."

demo=${1:-demo}
drawn=$demo/images

# picture NAME FILE: a picture of the pages, no wider than they show it and of few colours, so that it stays small.
picture() {
  python - "docs/images/$1.png" "${@:2}" <<'PYTHON'
import sys

from PIL import Image

target, *files = sys.argv[1:]
assert len(files) == 1, f"one file for {target}, not {files}"
whole = Image.open(files[0]).convert("RGB")
whole.thumbnail((1100, 1600), Image.Resampling.LANCZOS)
few = whole.quantize(96, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
few.save(target, optimize=True)
PYTHON
}

# The tutorial's figures, and the run behind them.
bash examples/quickstart.sh "$demo"
export RTCAN_WORKSPACE=$demo/stores
figures=$demo/figures/simulated
one=subject_100184
picture comparison_real_arousal "$demo/figures/real/comparison_hku956_arousal.png"
picture comparison_arousal "$figures/comparison_pmemo_arousal.png"
picture relabel_steps "$figures/pmemo/labels_$one.png"
picture decomposition "$figures/pmemo/decomposition_${one}_stimulus_1_arousal.png"
picture attention_columns_arousal "$figures"/pmemo/*/attention_columns_arousal_${one}_music_1.png
picture attention_heat_arousal "$figures"/pmemo/*/attention_heat_arousal_${one}_music_1.png

# One run in detail: fused with music.
fused=$(ls -d "$figures"/pmemo/Rf-eda+music-both-*)
picture confusion "$fused/confusion_arousal.png"
picture roc "$fused/roc_arousal.png"
picture reliability "$fused/reliability_arousal.png"
picture subject_strip "$fused/subjects_arousal.png"
picture learning_curves "$fused/learning_curves_arousal.png"

# The same figure in a journal's column.
rtcan gradcam --dataset pmemo --subject 100184 --music 1 --target arousal --column-width 85mm --dpi 200 \
  --figures-dir "$drawn/column"
picture attention_columns_85mm "$drawn"/column/pmemo/*/attention_columns_arousal_${one}_music_1.png

# Attention of all trials, of the run on EDA alone.
eda=$(basename "$(ls "$RTCAN_WORKSPACE"/pmemo/runs/Rf-eda-arousal-*.h5)" .h5)
rtcan gradcam "$eda" --dataset pmemo --all --figures-dir "$drawn"
rtcan gradcam "$eda" --dataset pmemo --check --figures-dir "$drawn"
picture attention_average_arousal "$drawn/pmemo/$eda/attention_average_arousal.png"
picture attention_responses_arousal "$drawn/pmemo/$eda/attention_responses_arousal.png"
picture attention_check_arousal "$drawn/pmemo/$eda/attention_check_arousal.png"

# Memory of songs and subjects, and accuracy by number of subjects, of models that take little time.
rtcan eda-features --dataset pmemo
rtcan train --dataset pmemo --folds 5 --model logistic --fusion music \
  --protocol trial,stimulus,subject,subject+stimulus
rtcan compare --dataset pmemo --leakage --figures-dir "$drawn"
picture leakage "$drawn"/leakage_pmemo_logistic-*.png
rtcan train --dataset pmemo --folds 5 --model svm-eda,svm-music --subjects 40%,70%,100%
rtcan compare --dataset pmemo --figure 4 --figures-dir "$drawn"
picture scaling "$drawn/figure4_pmemo_simulated.png"

# One recording, and what EDA and music did to the answers.
rtcan show 100184:1 --dataset pmemo --figures-dir "$drawn"
picture recording_figure "$drawn/pmemo/recording_${one}_stimulus_1_valence.png"
rtcan contributions --dataset pmemo --target arousal --background 20 --figures-dir "$drawn"
picture contributions "$drawn"/pmemo/Rf-eda+music-both-*/contributions_arousal.png

# Recordings with faults, worst first.
(
  export RTCAN_WORKSPACE=$drawn/stores
  rtcan simulate amigos "$drawn/raw" --subjects 40 --stimuli 8 --duration 60 --faults
  rtcan ingest amigos "$drawn/raw" --skip-bad
  rtcan info "$RTCAN_WORKSPACE/amigos/recordings.h5" --quality --plot --figures-dir "$drawn"
)
picture quality_page "$drawn/amigos/quality.png"

# Two penalties of cvxEDA.
python benchmarks/alpha.py --figure "$drawn/noise_aware_alpha.png"
picture noise_aware_alpha "$drawn/noise_aware_alpha.png"

# Pages, as a browser shows them: one trial, and page one of the report on real listeners.
if command -v chromium >/dev/null; then
  browse() { # browse FILE.html HEIGHT
    chromium --headless=new --no-sandbox --hide-scrollbars --window-size="1000,$2" --virtual-time-budget=3000 \
      --screenshot="${1%.html}.png" "file://$(realpath "$1")" 2>/dev/null
  }
  rtcan listen 100184:1 --dataset pmemo --output "$drawn/listening.html"
  browse "$drawn/listening.html" 1100
  picture listening "$drawn/listening.png"
  cp "$demo/report.html" "$drawn/report.html"
  browse "$drawn/report.html" 950
  picture report "$drawn/report.png"
fi

# The paper's recipe on as many simulated trials as the paper has.
if [ "${LONG:-}" = yes ]; then
  (
    export RTCAN_WORKSPACE=$drawn/full
    rtcan simulate pmemo "$drawn/full/raw" --scale full
    rtcan ingest pmemo "$drawn/full/raw"
    rtcan relabel --dataset pmemo
    rtcan decompose --dataset pmemo
    rtcan train --dataset pmemo --recipe paper --folds 5 --length 250 --target arousal --test-subject 100184
    rtcan evaluate --dataset pmemo --figures-dir "$drawn/full"
  )
  picture paper_recipe_arousal "$drawn"/full/pmemo/*/learning_curves_arousal.png
fi
