# The recorder's side of the ring: gives numbers to new files and removes the oldest.

note_first() {
  printf '%-20s %-40s %-20s\n' "$first" "$1" "$first" 2>/dev/null 1<>first
}

# A file was closed: gives numbers, and removes what is too old. Runs in the trap of the signal that
# tcpdump's -z sends, too, and never twice at once.
turn() {
  turned=1
  [ -z "$turning" ] || return
  turning=1
  while [ -n "$turned" ]; do
    turned=
    set -- ring/*
    [ -e "$1" ] || break
    if [ "$engine" = dumpcap ]; then
      before=$first
      number_dumpcap "$first" "$@"
      # Its own files it removes itself, those of an earlier start we do.
      excess=$((newest - first + 1 - ${files:-0}))
      if [ "${files:-0}" -gt 0 ] && [ "$excess" -gt 0 ]; then
        # shellcheck disable=SC2086 # words are wanted
        remove_oldest "$excess" $names
      elif [ "$before" != "$first" ]; then
        note_first "${names%% *}"
      fi
      break
    fi
    turned_over=$((first + $# - 1 - newest))
    newest=$((first + $# - 1))
    # What comes until the next look must find room, too.
    [ "$turned_over" -le "$slack" ] || slack=$turned_over
    room=$((${files:-0} + 1 - slack))
    [ "$room" -gt 0 ] || room=1
    if [ "${files:-0}" -gt 0 ] && [ $# -gt "$room" ]; then remove_oldest $(($# - room)) "$@"; fi
    if [ -n "$maxkb" ] && [ -n "$child" ] && [ -n "$filekb" ] && [ $(((newest - 1) * filekb)) -ge "$maxkb" ]; then
      kill -TERM "$child" 2>/dev/null
    fi
  done
  turning=
}

# Removes the first $1 of the files $2...; what is the first file then is noted before that.
remove_oldest() {
  excess=$1 old=''
  shift
  first=$((first + excess))
  while [ "$excess" -gt 0 ]; do
    old="$old $1"
    excess=$((excess - 1))
    shift
  done
  note_first "$1"
  # shellcheck disable=SC2086 # words are wanted
  rm -f $old
}

# tcpdump starts its hook with the lowest priority: where the processor is busy it comes late, and many
# files at once. So where files follow each other fast we look by ourselves; what came between two looks
# nevertheless, `slack`, finds room by fewer files kept.
pass_second() {
  advance=$((newest - seen_newest))
  seen_newest=$newest
  slack=$(((slack + 1) / 2))
  if [ "$engine" = dumpcap ] || [ "$advance" -lt 1 ] || [ "$moment" = 1 ]; then
    nap 1
    return
  fi
  interval=0.1
  [ "$advance" -lt 10 ] || interval=0.02
  begin_second=$now
  while [ "$now" -eq "$begin_second" ] && [ -z "$told" ]; do
    nap "$interval"
    turn
    clock
  done
}

# Bytes written so far: the kernel's count, which knows removed files too.
measure() {
  while read -r name value; do
    if [ "$name" = wchar: ]; then
      bytes=$((earlier_bytes + value))
      return
    fi
  done 2>/dev/null <"/proc/$child/io"
  held ring/*
  bytes=$((held + (first - 1) * ${filekb:-0} * 1000))
}
