# dumpcap writes the numbers of its files into their names: up to 99999, then again from 0. A restarted dumpcap begins
# at 1, so its files' names contain the number of earlier files (see `prefix` in engine.sh).

# Sets `number`, the number in a file name of dumpcap, and `earlier`, the number of files before this start. Their sum
# is the file's number modulo 100000.
number_of() {
  earlier=${1#ring/?}
  earlier=${earlier%%_*}
  earlier=$((1${earlier:-000000000} - 1000000000))
  number=${1#*_}
  number=${number%%_*}
  number=${number#"${number%?????}"}
  number=$((1$number - 100000))
}

# Numbers dumpcap's files ($2...) with numbers near $1. Sets first, newest and names.
number_dumpcap() {
  near=$1
  shift
  number_of "$1"
  start=$number
  for name; do :; done
  number_of "$name"
  if [ "${1%%_*}" != "${name%%_*}" ] || [ $((number - start)) -gt 50000 ]; then
    order_names "$@"
    # shellcheck disable=SC2086 # word splitting is intended
    set -- $names
  fi
  number_of "$1"
  number=$((number + earlier))
  first=$((near + (number - near % 100000 + 200000) % 100000))
  [ $((first - near)) -lt 50000 ] || first=$((first - 100000))
  newest=$((first + $# - 1))
  names=$*
}

# Sets names to $* in the order of recording: where the numbers of a start wrapped around, the files before that sort
# last.
order_names() {
  names='' low='' high='' group=${1%%_*}
  for name in "$@" ''; do
    if [ "${name%%_*}" != "$group" ]; then
      number_of "${high##* }"
      start=$number
      low=${low# }
      number_of "${low%% *}"
      if [ $((start - number)) -gt 50000 ]; then names="$names $high $low"; else names="$names $low $high"; fi
      low='' high='' group=${name%%_*}
    fi
    [ -n "$name" ] || break
    number_of "$name"
    if [ "$number" -lt 50000 ]; then low="$low $name"; else high="$high $name"; fi
  done
}
