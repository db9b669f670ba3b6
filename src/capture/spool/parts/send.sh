# Sends the bytes of one file as frames.

# Sends the contents of file number `seq`, open as descriptor 4, from `offset` until the file is complete. If a signal
# interrupts the seek to `offset`, returns early; the caller must then open the file again.
send_file() {
  seek || return
  clock
  last_data=$now
  while :; do
    complete=$ended
    [ "$seq" -eq "$newest" ] || complete=1
    if has_grown; then
      # shellcheck disable=SC2046 # word splitting is intended
      set -- $(ls -nL /proc/self/fd/4)
      size=$5
      while [ "$offset" -lt "$size" ]; do
        send_chunk $((size - offset))
        last_data=$now
      done
    fi
    if [ -n "$complete" ]; then
      echo "end $seq $size"
      seq=$((seq + 1)) offset=0 last_size=0 checked_bytes=
      return
    fi
    report_state
    wait_for_data
    refresh
  done
}

# Pauses are shorter while data arrives, and at the end, for which the client waits. They are shortest while much data
# arrives, or a small ring would replace files in the meantime.
wait_for_data() {
  pause=$poll
  if [ "$min_sleep" != 1 ]; then
    if [ ! -e wanted ] || [ "$recent_bytes" -ge 262144 ]; then
      pause=0.2
    elif [ $((now - last_data)) -ge 3 ]; then
      case $poll in 0*) pause=0.5 ;; esac
    fi
  fi
  recent_bytes=0
  # A signal that arrived since the last check would not end the nap.
  [ -n "$signaled" ] || nap "$pause"
}

# Whether to start a process that reads the size of the current file: not every time if nothing happens. The count of
# what the engine has written shows that without a process.
has_grown() {
  [ -z "$complete" ] || return 0
  read_bytes_written
  if [ -n "$bytes_written" ] && [ -z "$count_is_wrong" ]; then
    if [ "$bytes_written" != "$checked_bytes" ]; then
      checked_bytes=$bytes_written
      return
    fi
    [ "$last_size" -gt "$offset" ] || return 1
    # The engine is a script, and another process writes the files.
    count_is_wrong=1
  fi
  # In shells that compare only whole seconds, the listing once a second is decisive.
  # shellcheck disable=SC3013 # dash and busybox ash support -nt
  [ "$last_size" -gt "$offset" ] || [ $((now - last_data)) -lt 3 ] || [ "$name" -nt lease ]
}

# Sends some of the $1 available bytes: about as many as can be sent in a second.
send_chunk() {
  block=65536
  [ "$1" -ge "$block" ] || block=$1
  amount=$1
  [ "$amount" -le "$chunk_size" ] || amount=$chunk_size
  blocks=$((amount / block))
  amount=$((blocks * block))
  clock
  begin=$now
  echo "data $seq $offset $amount"
  dd bs="$block" count="$blocks" <&4 2>/dev/null &
  sender=$!
  await "$sender" || leave 5
  sender=
  offset=$((offset + amount)) recent_bytes=$((recent_bytes + amount))
  clock
  if [ $((now - begin)) -gt 1 ] && [ "$chunk_size" -gt 65536 ]; then chunk_size=$((chunk_size / 2)); fi
  if [ "$now" -eq "$begin" ] && [ "$chunk_size" -lt 4194304 ]; then chunk_size=$((chunk_size * 2)); fi
  [ "$now" = "$reported_at" ] || report_state
  handle_requests
}

# Moves descriptor 4 to `offset`. Failures must be checked, or the wrong bytes would be sent.
seek() {
  [ "$offset" -gt 0 ] || return 0
  dd bs=65536 skip=$((offset / 65536)) count=0 <&4 &&
    dd bs=1 skip=$((offset % 65536)) count=0 <&4 &&
    return
  # 128 and more: ended by a signal, which may not affect the next attempt.
  [ $? -gt 128 ] || leave 5
  return 1
}
