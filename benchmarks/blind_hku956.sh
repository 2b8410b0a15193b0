#!/usr/bin/env bash
# The blind test: train on one set of HKU956's listeners, answer to others, print one table.
# The models were chosen before any listener of the second set was scored with them; nothing is chosen here. The test
# to look at is the AUC of RTCAN-1D (rtcan-Rf); see docs/real_scores.md for what so few listeners can show.
#
#   PATH="$PWD/.venv/bin:$PATH" bash benchmarks/blind_hku956.sh TRAIN TEST [WORK]
#
# TRAIN and TEST are folders or zip files in the publisher's layout, with other listeners in each. WORK is a new folder.
set -euo pipefail
TRAIN=$(realpath "$1")
TEST=$(realpath "$2")
WORK=$(realpath -m "${3:-blind}")
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1
if [ -e "$WORK" ]; then
  echo "$WORK is there already: name another folder, so that nothing of an earlier run is counted" >&2
  exit 1
fi

rtcan ingest hku956 "$TRAIN" -w "$WORK/train" -q
rtcan ingest hku956 "$TEST" -w "$WORK/test" -q
python - "$WORK" <<'PYTHON'
import sys
from pathlib import Path

from rtcan_cli.stores import Store

listeners, hashes = [], []
for part in ("train", "test"):
    path = Path(sys.argv[1]) / part / "hku956" / "recordings.h5"
    with Store(path, "recordings") as store:
        recordings, files = store.table("recordings"), store.table("files")
    listeners.append(set(recordings["subject"]))
    hashes.append(set(files["sha256"][files["path"].str.contains("/EDA/", case=False)]))
if both := sorted(listeners[0] & listeners[1]):
    sys.exit(f"listeners in both sets: {', '.join(both)}")
if same := hashes[0] & hashes[1]:
    sys.exit(f"{len(same)} recordings are in both sets, under other names")
PYTHON

for part in train test; do
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
print("95 % intervals over the listeners of the second set; models without EDA answer to more trials")
PYTHON
