# The contents of the ring. Files are numbered from 1 in the order of their recording.

# Lists the ring: sets names, from the oldest, and the numbers of the first and the newest file.
survey() {
  tries=0
  while [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    read -r base basename mirror 2>/dev/null <first || return 1
    set -- ring/*
    if [ ! -e "$1" ]; then
      names='' first=$base newest=$((base - 1))
      [ "$1" = 'ring/*' ] && return
      continue
    fi
    found=$*
    set -- ring/*
    read -r again _ 2>/dev/null <first || return 1
    # A folder that changes while it is read may show a file but not the one before it.
    if [ "$found" != "$*" ] || [ "$base $base" != "$again $mirror" ]; then continue; fi
    if [ "$engine" = dumpcap ]; then
      number_dumpcap "$base" "$@"
      return
    fi
    first=$base
    if [ "$basename" != - ]; then
      for name; do
        [ "$name" = "$basename" ] && break
        first=$((first - 1))
      done
      [ "$name" = "$basename" ] || continue
    fi
    newest=$((first + $# - 1))
    names=$*
    return
  done
  return 2
}

# For the short verbs: reads the state and lists the ring, or fails.
know() {
  load_state || fail 3 'no spool'
  survey || fail "$((2 * $? + 1))" 'the ring cannot be listed: it was removed, or its files are replaced too fast'
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
held() {
  held=0 part=0 last=0 word=0
  # shellcheck disable=SC2045 # word splitting is intended: nine for each file, whose names hold no spaces
  for field in $(ls -n "$@" 2>/dev/null); do
    word=$((word + 1))
    case $word in
      5)
        last=$field
        held=$((held + last))
        if [ "${skip:-0}" -gt 0 ]; then skip=$((skip - 1)); else part=$((part + last)); fi
        ;;
      9) word=0 ;;
    esac
  done
}
