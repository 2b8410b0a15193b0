# For table3.sh and table6.sh, which source it: says how long networks will take.
#
# Trains one epoch of each fold, in a store of its own, and multiplies. Needs `dataset`, `folds`, `training`, `epochs`
# and `jobs` (folds trained at the same time). Processor time is counted, so the estimate is that of a machine with
# nothing else to do.

# estimate SHARE OPTION...: of the options' networks for both targets, on SHARE per cent of the subjects (or the sum of
# shares) in all.
estimate() {
  local share=$1 probe=$RTCAN_WORKSPACE/estimate.h5 seconds
  shift
  seconds=$(rtcan train --dataset "$dataset" "$@" "${folds[@]}" "${training[@]}" --epochs 1 --target arousal \
    --output "$probe" --force --json --quiet | sed -n 's/.*"training_seconds": *\([0-9.]*\).*/\1/p')
  rm -f "$probe"
  awk -v s="$seconds" -v e="$epochs" -v j="$jobs" -v share="$share" -v what="$*" \
    'BEGIN { printf "== %s: about %.0f minutes\n", what, 0.5 + s * e * 2 * share / 100 / j / 60 }' >&2
}
