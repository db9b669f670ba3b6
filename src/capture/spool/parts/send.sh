# Sends the bytes of one file as frames.

# Sends the contents of file number `seq`, open as descriptor 4, from `offset` until the file is complete. If a signal
# interrupts the seek to `offset`, returns early; the caller must then open the file again.
send_file() {
  seek || return
  clock
  lively=$now
  while :; do
    closed=$ended
    [ "$seq" -eq "$newest" ] || closed=1
    if has_grown; then
      # shellcheck disable=SC2046 # word splitting is intended
      set -- $(ls -nL /proc/self/fd/4)
      size=$5
      while [ "$offset" -lt "$size" ]; do
        send $((size - offset))
        lively=$now
      done
    fi
    if [ -n "$closed" ]; then
      echo "end $seq $size"
      seq=$((seq + 1)) offset=0 last=0 examined=
      return
    fi
    pulse
    rest
    look
  done
}

# Shorter pauses while data is arriving, and at the end, for which the client waits. While much arrives, the shortest
# ones, or a small ring would turn in the meantime.
rest() {
  pause=$poll
  if [ "$moment" != 1 ]; then
    if [ ! -e wanted ] || [ "$arrived" -ge 262144 ]; then
      pause=0.2
    elif [ $((now - lively)) -ge 3 ]; then
      case $poll in 0*) pause=0.5 ;; esac
    fi
  fi
  arrived=0
  # A message that arrived since the last look would not end the nap.
  [ -n "$told" ] || nap "$pause"
}

# Whether to start a process that reads the size of the current file: not every time if nothing happens. The count of
# what the engine has written shows that without a process.
has_grown() {
  [ -z "$closed" ] || return 0
  count_written
  if [ -n "$written" ] && [ -z "$miscounted" ]; then
    if [ "$written" != "$examined" ]; then
      examined=$written
      return
    fi
    [ "$last" -gt "$offset" ] || return 1
    # The engine is a script, and another process writes the files.
    miscounted=1
  fi
  # In shells that compare only whole seconds, the listing once a second is decisive.
  # shellcheck disable=SC3013 # dash and busybox ash support -nt
  [ "$last" -gt "$offset" ] || [ $((now - lively)) -lt 3 ] || [ "$name" -nt lease ]
}

# Sends some of the $1 available bytes: about as many as can be sent in a second.
send() {
  block=65536
  [ "$1" -ge "$block" ] || block=$1
  amount=$1
  [ "$amount" -le "$grain" ] || amount=$grain
  blocks=$((amount / block))
  amount=$((blocks * block))
  clock
  begin=$now
  echo "data $seq $offset $amount"
  dd bs="$block" count="$blocks" <&4 2>/dev/null &
  sender=$!
  await "$sender" || leave 5
  sender=
  offset=$((offset + amount)) arrived=$((arrived + amount))
  clock
  if [ $((now - begin)) -gt 1 ] && [ "$grain" -gt 65536 ]; then grain=$((grain / 2)); fi
  if [ "$now" -eq "$begin" ] && [ "$grain" -lt 4194304 ]; then grain=$((grain * 2)); fi
  [ "$now" = "$said" ] || pulse
  listen
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
