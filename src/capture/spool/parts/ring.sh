# The contents of the ring. Files are numbered from 1 in the order of their recording.

# Lists the ring: sets names, from the oldest, and the numbers of the first and the newest file.
list_ring() {
  tries=0
  while [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    read -r base base_name base_copy 2>/dev/null <first || return 1
    set -- ring/*
    if [ ! -e "$1" ]; then
      names='' first=$base newest=$((base - 1))
      [ "$1" = 'ring/*' ] && return
      continue
    fi
    listing=$*
    set -- ring/*
    read -r base_again _ 2>/dev/null <first || return 1
    # A folder that changes while it is read may show a file but not the one before it.
    if [ "$listing" != "$*" ] || [ "$base $base" != "$base_again $base_copy" ]; then continue; fi
    if [ "$engine" = dumpcap ]; then
      number_dumpcap "$base" "$@"
      return
    fi
    first=$base
    if [ "$base_name" != - ]; then
      for name; do
        [ "$name" = "$base_name" ] && break
        first=$((first - 1))
      done
      [ "$name" = "$base_name" ] || continue
    fi
    newest=$((first + $# - 1))
    names=$*
    return
  done
  return 2
}

# For the short verbs: reads the state and lists the ring, or fails.
load_ring() {
  load_state || fail 3 'no spool'
  list_ring || fail "$((2 * $? + 1))" 'the ring cannot be listed: it was removed, or its files are replaced too fast'
}

# Sets name to the name of file number $1.
name_of() {
  name=
  if [ "$1" -lt "$first" ] || [ "$1" -gt "$newest" ]; then return 1; fi
  skip=$(($1 - first + 1))
  # shellcheck disable=SC2086 # word splitting is intended
  set -- $names
  shift $((skip - 1))
  name=$1
}

# Adds up the bytes in the files $1...: sets held, part (without the first `skip` files) and last.
add_sizes() {
  ring_bytes=0 later_bytes=0 last_size=0 column=0
  # shellcheck disable=SC2045 # word splitting is intended: nine for each file, whose names hold no spaces
  for field in $(ls -n "$@" 2>/dev/null); do
    column=$((column + 1))
    case $column in
      5)
        last_size=$field
        ring_bytes=$((ring_bytes + last_size))
        if [ "${skip:-0}" -gt 0 ]; then skip=$((skip - 1)); else later_bytes=$((later_bytes + last_size)); fi
        ;;
      9) column=0 ;;
    esac
  done
}
