#!/usr/bin/env bash
# Makes the pictures in docs/images again, with the present code, from the demo and from simulated data.
# Usage: bash docs/make_images.sh [FOLDER]     (default: demo, where `make demo` leaves its stores)
#
# Needs rtcan on the path; about ten minutes on two cores if the demo has been made. The picture of the report is only
# made if weasyprint and pypdfium2 are on the path, too (pip install weasyprint pypdfium2, in any environment).
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

# The first pages of a report on the demo and a few baselines, as they are printed.
if command -v weasyprint pypdfium2 >/dev/null; then
  rtcan eda-features --dataset pmemo
  rtcan train --dataset pmemo --folds 5 --model svm-eda,svm-music,song-prior,majority
  rtcan train --dataset pmemo --folds 5 --model svm-eda --subjects 40%,70%
  rtcan compare --dataset pmemo --report "$drawn/report.html" --figures-dir "$drawn"
  weasyprint --quiet "$drawn/report.html" "$drawn/report.pdf"
  pypdfium2 render "$drawn/report.pdf" --output "$drawn" --pages 1-2 --scale 1.25
  python - "$drawn" $images/report.png <<'PYTHON'
import sys
from pathlib import Path

from PIL import Image

pages = [Image.open(path) for path in sorted(Path(sys.argv[1]).glob("report_*.jpg"))]
margin = 16
width = sum(page.width + margin for page in pages) + margin
whole = Image.new("RGB", (width, pages[0].height + 2 * margin), (224, 224, 224))
for number, page in enumerate(pages):
    whole.paste(page, (margin + number * (page.width + margin), margin))
whole.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(sys.argv[2], optimize=True)
PYTHON
fi
