# Sourced by table3.sh and table6.sh: estimates how long networks will take to train.
#
# Trains one epoch of each fold, in a temporary store, and multiplies. Needs `dataset`, `folds`, `training`, `epochs`
# and `jobs` (folds trained at the same time). It counts processor time, so the estimate is for an idle machine.

# estimate SHARE OPTION...: for the networks that OPTION... trains, for both targets, on SHARE per cent of the
# subjects (with several shares, their sum).
estimate() {
  local share=$1 probe=$RTCAN_WORKSPACE/estimate.h5 seconds
  shift
  seconds=$(rtcan train --dataset "$dataset" "$@" "${folds[@]}" "${training[@]}" --epochs 1 --target arousal \
    --output "$probe" --force --json --quiet | sed -n 's/.*"training_seconds": *\([0-9.]*\).*/\1/p')
  rm -f "$probe"
  awk -v s="$seconds" -v e="$epochs" -v j="$jobs" -v share="$share" -v what="$*" \
    'BEGIN { printf "== %s: about %.0f minutes\n", what, 0.5 + s * e * 2 * share / 100 / j / 60 }' >&2
}
