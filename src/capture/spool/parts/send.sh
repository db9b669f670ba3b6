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
      seq=$((seq + 1)) offset=0
      return
    fi
    pulse
    rest
    look
  done
}

# Shorter pauses while data is arriving.
rest() {
  case $poll in
    0*) if [ $((now - lively)) -lt 3 ]; then nap "$poll"; else nap 0.5; fi ;;
    *) nap "$poll" ;;
  esac
}

# Whether to start a process that checks the size of the current file: not every time if nothing happens. In shells that
# compare only whole seconds, the check once a second is decisive.
has_grown() {
  # shellcheck disable=SC3013 # dash and busybox ash support -nt
  [ -n "$closed" ] || [ "$last" -gt "$offset" ] || [ $((now - lively)) -lt 3 ] || [ "$name" -nt lease ]
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
  offset=$((offset + amount))
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
