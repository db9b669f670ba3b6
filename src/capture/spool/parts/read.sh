# Answers about what is in the spool.

list() {
  ended=
  [ -e running ] || ended=1
  know
  # One that vanished without a word writes no more, though nobody could say so.
  [ "$phase" != ended ] || ended=1
  printf '%s' "$text" | while read -r field value; do echo "state $field $value"; done
  number=$first
  # shellcheck disable=SC2086 # words are wanted
  set -- $names
  {
    if [ $# -eq 0 ]; then
      :
    elif stat -c %s . >/dev/null 2>&1; then
      stat -c '%s %Y %n' "$@" 2>/dev/null
    else
      # Not every image can tell times as numbers.
      # shellcheck disable=SC2012 # names hold no spaces
      ls -n "$@" 2>/dev/null | while read -r _ _ _ _ size _ _ _ file; do echo "$size - $file"; done
    fi
  } | while read -r size time file; do
    while [ $# -gt 0 ] && [ "$1" != "$file" ]; do
      shift
      number=$((number + 1))
    done
    [ $# -gt 0 ] || break
    growth=closed
    if [ $# -eq 1 ] && [ -z "$ended" ]; then growth=open; fi
    echo "file $number $size $time $growth ${file#ring/}"
  done
  free_space
  echo "free ${free:-0}"
  [ -z "$ended" ] || say_log
  echo ok
}

# Sets name to that of the file with the number $1 and keeps the spool for its readers.
find() {
  know
  true >lease
  name_of "$1" || fail 4 "file $1 is gone"
}

read_range() {
  find "$seq"
  { send_range 4<"$name"; } 2>/dev/null || fail "$?" "file $seq is gone, or shorter"
}

send_range() {
  # shellcheck disable=SC2046 # words are wanted
  set -- $(ls -nL /proc/self/fd/4)
  [ "$5" -ge $((offset + length)) ] || return 5
  seek
  # Whole blocks first, for speed.
  [ "$length" -lt 65536 ] || dd bs=65536 count=$((length / 65536)) <&4 || return 5
  length=$((length % 65536))
  [ "$length" -eq 0 ] || dd bs="$length" count=1 <&4 || return 5
}

pack() {
  know
  true >lease
  found=
  gone=0
  for seq in $seqs; do
    if name_of "$seq"; then found="$found ${name#ring/}"; else gone=4; fi
  done
  cd ring || fail 3 'no spool'
  if [ -n "$found" ]; then
    # shellcheck disable=SC2086 # words are wanted
    tar -cf - $found || gone=4
  fi
  return "$gone"
}

sum() {
  gone=0
  for seq in $seqs; do
    (find "$seq" && add_up <"$name") || gone=4
  done
  return "$gone"
}

add_up() {
  # Where the processor has instructions for it, openssl takes a sixth of the time, the target's time.
  if command -v openssl >/dev/null; then
    set -- "$(openssl dgst -sha256 -r)"
  elif command -v sha256sum >/dev/null; then
    set -- "$(sha256sum)"
  else
    echo unsupported
    return
  fi
  echo "sum $seq ${1%% *}"
}
