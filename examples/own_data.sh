#!/usr/bin/env bash
# The whole chain on your own recordings: a folder with trials.csv and the signal files that it names.
# docs/howto/own_data.md describes its contents. Without a folder, simulated recordings are used.
#
# The script can be stopped at any time and started again: finished work is kept.
set -euo pipefail

if [ "${1:-}" = "-h" ] || [ "${1:-}" = "--help" ]; then
  echo "usage: $0 [FOLDER [WORKSPACE]]" >&2
  echo "  FOLDER     folder with trials.csv; default: simulated recordings, in raw/own" >&2
  echo "  WORKSPACE  folder for the stores; default: rtcan-stores" >&2
  exit 2
fi
folder=${1:-raw/own}
export RTCAN_WORKSPACE=${2:-rtcan-stores}

if [ $# -lt 1 ]; then
  rtcan simulate table "$folder"
fi

# Add --rating-scale LOW HIGH, --decimal , or --unit if your data differ from the defaults: 1 9, a point and uS.
rtcan ingest table "$folder"
rtcan relabel --dataset table
rtcan decompose --dataset table

# EDA alone. There must be at least as many subjects as folds.
rtcan train --dataset table --name eda --recipe tuned --folds 5
rtcan evaluate eda --dataset table

# With the music, if the table names audio files.
if rtcan music-features --dataset table; then
  rtcan train --dataset table --name eda-music --recipe tuned --folds 5 --fusion music
  rtcan evaluate eda-music --dataset table
fi

# What a simple model of EDA, and the rating by others alone, would tell; then one page with the answer.
rtcan eda-features --dataset table
rtcan train --dataset table --model logistic,song-prior,duration-prior --folds 5
rtcan report --dataset table --output report.html
