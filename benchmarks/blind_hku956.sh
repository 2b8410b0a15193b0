#!/usr/bin/env bash
# The blind test: train on one set of HKU956's listeners, answer to others, print one table.
# The models were chosen before any listener of the second set was seen; nothing is chosen here.
#
#   PATH="$PWD/.venv/bin:$PATH" bash benchmarks/blind_hku956.sh TRAIN TEST [WORK]
#
# TRAIN and TEST are folders or zip files in the publisher's layout, with other listeners in each.
set -euo pipefail
cd "$(dirname "$0")/.."
TRAIN=$1
TEST=$2
WORK=${3:-blind}
export OMP_NUM_THREADS=1

for part in train test; do
  if [ $part = train ]; then raw=$TRAIN; else raw=$TEST; fi
  rtcan ingest hku956 "$raw" -w "$WORK/$part" -q
  rtcan relabel -w "$WORK/$part" -q
  rtcan decompose -w "$WORK/$part" -q
  rtcan eda-features -w "$WORK/$part" -q
done

train() { rtcan train -w "$WORK/train" --dataset hku956 --folds 5 --seed 0 -q "$@"; }
train --model majority,song-prior,duration-prior,svm-eda,logistic,boosting
train --model rtcan --variant Rf --recipe tuned --length 256 --name rtcan-Rf

for run in "$WORK"/train/hku956/runs/*.h5; do
  rtcan evaluate "$run" --on hku956 -w "$WORK/test" -o "$WORK/figures" --json -q > "$WORK/$(basename "$run" .h5).json"
done
python - "$WORK" <<'PYTHON'
import json
import sys
from pathlib import Path

print(f"{'model':<34}{'target':<9}{'trials':>6}  {'AUC':<26}{'balanced accuracy [%]':<24}")
for file in sorted(Path(sys.argv[1]).glob("*.json")):
    found = json.loads(file.read_text())
    for target in dict.fromkeys(row["target"] for row in found["scores"]):
        scores = {row["score"]: row for row in found["scores"] if row["target"] == target}
        trials = sum(row["n_trials"] for row in found["subjects"] if row["target"] == target)
        cells = []
        for name, factor, digits in (("auc", 1, 3), ("balanced_accuracy", 100, 1)):
            values = (factor * scores[name][key] for key in ("estimate", "low", "high"))
            cells.append("{} ({} to {})".format(*(f"{value:.{digits}f}" for value in values)))
        print(f"{found['run']['name']:<34}{target:<9}{trials:>6}  {cells[0]:<26}{cells[1]:<24}")

print(f"{found['n_subjects']} listeners; 95 % intervals over listeners")
PYTHON
