# Sends the bytes of one file as frames.

# Sends what descriptor 4, the file with the number `seq`, holds from `offset` on, until it is complete. Returns
# early, to be called again with the file opened anew, when a signal kept it from moving to `offset`.
send_file() {
  seek || return
  clock
  lively=$now
  while :; do
    closed=$ended
    [ "$seq" -eq "$newest" ] || closed=1
    if has_grown; then
      # shellcheck disable=SC2046 # words are wanted
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

# A shorter rest while something happens.
rest() {
  case $poll in
    0*) if [ $((now - lively)) -lt 3 ]; then nap "$poll"; else nap 0.5; fi ;;
    *) nap "$poll" ;;
  esac
}

# Whether it is worth a process to look at the size of the file that is sent: not every time when all
# is quiet. Where a shell compares whole seconds only, the look once a second has the last word.
has_grown() {
  # shellcheck disable=SC3013 # dash and busybox ash know -nt
  [ -n "$closed" ] || [ "$last" -gt "$offset" ] || [ $((now - lively)) -lt 3 ] || [ "$name" -nt lease ]
}

# Sends some of the $1 bytes that are there: as much as goes in about a second.
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

# Moves descriptor 4 to `offset`. Unchecked, a failure would send the wrong bytes.
seek() {
  [ "$offset" -gt 0 ] || return 0
  dd bs=65536 skip=$((offset / 65536)) count=0 <&4 &&
    dd bs=1 skip=$((offset % 65536)) count=0 <&4 &&
    return
  # 128 and more: a signal ended it, which the next attempt may not get.
  [ $? -gt 128 ] || leave 5
  return 1
}
