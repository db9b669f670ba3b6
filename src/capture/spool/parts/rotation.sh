# The recorder's side of the ring: numbers new files and removes the oldest ones.

write_first() {
  printf '%-20s %-40s %-20s\n' "$first" "$1" "$first" 2>/dev/null 1<>first
}

# Called when a file was closed: numbers the files and removes the oldest ones. Also runs in the trap for the signal of
# tcpdump's -z hook, but never twice at the same time.
rotate() {
  rotate_again=1
  [ -z "$rotating" ] || return
  rotating=1
  while [ -n "$rotate_again" ]; do
    rotate_again=
    set -- ring/*
    [ -e "$1" ] || break
    if [ "$engine" = dumpcap ]; then
      previous_first=$first
      number_dumpcap "$first" "$@"
      # dumpcap removes its own files; files from before its restart are removed here.
      excess=$((newest - first + 1 - ${files:-0}))
      if [ "${files:-0}" -gt 0 ] && [ "$excess" -gt 0 ]; then
        # shellcheck disable=SC2086 # word splitting is intended
        remove_oldest "$excess" $names
      elif [ "$previous_first" != "$first" ]; then
        write_first "${names%% *}"
      fi
      break
    fi
    closed_files=$((first + $# - 1 - newest))
    newest=$((first + $# - 1))
    # Files that are closed before the next check must find room too.
    [ "$closed_files" -le "$slack" ] || slack=$closed_files
    limit=$((${files:-0} + 1 - slack))
    [ "$limit" -gt 0 ] || limit=1
    if [ "${files:-0}" -gt 0 ] && [ $# -gt "$limit" ]; then remove_oldest $(($# - limit)) "$@"; fi
    if [ -n "$maxkb" ] && [ -n "$engine_pid" ] && [ -n "$filekb" ] && [ $(((newest - 1) * filekb)) -ge "$maxkb" ]; then
      kill -TERM "$engine_pid" 2>/dev/null
    fi
  done
  rotating=
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
  write_first "$1"
  # shellcheck disable=SC2086 # word splitting is intended
  rm -f $old
}

# tcpdump starts its hook with the lowest priority: on a busy processor the hook runs late, after many files. If files
# are closed quickly, this function therefore checks the ring itself. `slack` is the number of files closed between two
# checks; that many fewer files are kept, to leave room for them.
wait_second() {
  advance=$((newest - previous_newest))
  previous_newest=$newest
  slack=$(((slack + 1) / 2))
  if [ "$engine" = dumpcap ] || [ "$advance" -lt 1 ] || [ "$min_sleep" = 1 ]; then
    nap 1
    return
  fi
  interval=0.1
  [ "$advance" -lt 10 ] || interval=0.02
  second=$now
  while [ "$now" -eq "$second" ] && [ -z "$signaled" ]; do
    nap "$interval"
    rotate
    clock
  done
}

# Measures the bytes written so far, by the kernel's count, which includes removed files.
measure_bytes() {
  read_bytes_written
  if [ -n "$bytes_written" ]; then
    bytes=$((earlier_bytes + bytes_written))
    return
  fi
  add_sizes ring/*
  bytes=$((ring_bytes + (first - 1) * ${filekb:-0} * 1000))
}
