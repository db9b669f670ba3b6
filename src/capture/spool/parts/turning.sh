# The recorder's side of the ring: numbers new files and removes the oldest ones.

note_first() {
  printf '%-20s %-40s %-20s\n' "$first" "$1" "$first" 2>/dev/null 1<>first
}

# Called when a file was closed: numbers the files and removes the oldest ones. Also runs in the trap for the signal of
# tcpdump's -z hook, but never twice at the same time.
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
      # dumpcap removes its own files; files from before its restart are removed here.
      excess=$((newest - first + 1 - ${files:-0}))
      if [ "${files:-0}" -gt 0 ] && [ "$excess" -gt 0 ]; then
        # shellcheck disable=SC2086 # word splitting is intended
        remove_oldest "$excess" $names
      elif [ "$before" != "$first" ]; then
        note_first "${names%% *}"
      fi
      break
    fi
    turned_over=$((first + $# - 1 - newest))
    newest=$((first + $# - 1))
    # Files that are closed before the next check must find room too.
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

# Removes the first $1 of the files $2... Before that, notes the new first file.
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
  # shellcheck disable=SC2086 # word splitting is intended
  rm -f $old
}

# tcpdump starts its hook with the lowest priority: on a busy processor the hook runs late, after many files. If files
# are closed quickly, this function therefore checks the ring itself. `slack` is the number of files closed between two
# checks; that many fewer files are kept, to leave room for them.
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

# Measures the bytes written so far, by the kernel's count, which includes removed files.
measure() {
  count_written
  if [ -n "$written" ]; then
    bytes=$((earlier_bytes + written))
    return
  fi
  held ring/*
  bytes=$((held + (first - 1) * ${filekb:-0} * 1000))
}
