# The words of a command, each NAME=VALUE.

# shellcheck disable=SC2034 # the recorder alone does not use all of them
read_options() {
  # Includes variables that get a value below: a variable from the image's environment would otherwise stay exported.
  unset spool starting engine device poll expression seq offset length snaplen count filekb age files \
    buffer duration maxkb linger keep floorkb roomkb until notafter zroot ports seqs parts pack display rotating flush
  poll=1 seq=1 offset=0 engine=auto zroot=0
  while [ $# -gt 0 ]; do
    value=${1#*=}
    case $1 in
      start) starting=1 ;;
      flush) flush=1 ;;
      spool=*) spool=$value ;;
      engine=*) engine=$value ;;
      device=*) device=$value ;;
      poll=*) poll=$value ;;
      expression=*) expression=$value ;;
      ports=*)
        case $value in *[!0-9,]*) fail 2 "no list of ports: $1" ;; esac
        ports=$value
        ;;
      pack=*) pack=$value ;;
      display=*) display=$value ;;
      part=*)
        case $value in
          *[!0-9:]* | *:*:*:*) fail 2 "not a part: $1" ;;
          ?*:?*:?*) parts="$parts $value" ;;
          *) fail 2 "not a part: $1" ;;
        esac
        ;;
      seq=* | offset=* | length=* | snaplen=* | count=* | filekb=* | age=* | files=* | buffer=* | \
        duration=* | maxkb=* | linger=* | keep=* | floorkb=* | roomkb=* | until=* | notafter=* | zroot=*)
        case $value in
          '' | *[!0-9]*) fail 2 "not a number: $1" ;;
        esac
        # The name is one of those above. Not exported, because our options do not belong in the engine's environment.
        eval "${1%%=*}=\$value"
        case $1 in seq=*) seqs="$seqs $value" ;; esac
        ;;
      *) fail 2 "not an option: $1" ;;
    esac
    shift
  done
}

fail() {
  echo "spool: $2" >&2
  exit "$1"
}
