# dumpcap writes the numbers of its files into their names, up to 99999 and from 0 again.

# The number in a name of dumpcap's, which is the file's number but for its hundred thousands.
number_of() {
  number=${1#ring/d_}
  number=${number%%_*}
  number=${number#"${number%?????}"}
  number=$((1$number - 100000))
}

# Gives dumpcap's files ($2...) their numbers, near to that of $1: sets first, newest and names.
number_dumpcap() {
  near=$1
  shift
  number_of "$1"
  start=$number
  for name; do :; done
  number_of "$name"
  if [ $((number - start)) -gt 50000 ]; then
    # The numbers began again: those before that sort last.
    while
      number_of "$1"
      [ "$number" -lt 50000 ]
    do
      set -- "$@" "$1"
      shift
    done
  fi
  number_of "$1"
  first=$((near + (number - near % 100000 + 150000) % 100000 - 50000))
  newest=$((first + $# - 1))
  names=$*
}
