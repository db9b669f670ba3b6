# The clock, and waits that last until a request arrives or a child ends, even if other signals interrupt them.

# Seconds and hundredths of a clock that is never adjusted.
clock() {
  # shellcheck disable=SC2034 # only followers use the hundredths
  IFS=' .' read -r now hundredths _ </proc/uptime
}

# A sleep that ends when a signal handler sets `signaled`. The sleeping process may be left behind, so it must not hold any streams
# open.
nap() {
  sleep "$1" >/dev/null 2>&1 &
  napping=$!
  while
    wait "$napping"
    [ "$?" -gt 128 ] && [ -z "$signaled" ] && kill -0 "$napping" 2>/dev/null
  do :; done
}

# A nap in a wait that is short unless the node is busy. Each nap starts a process, so a long wait has longer ones.
# `naps` counts them; the caller sets it to 0 first.
nap_longer() {
  naps=$((naps + 1))
  if [ "$min_sleep" = 1 ] || [ "$naps" -le 5 ]; then
    nap "$min_sleep"
  elif [ "$naps" -le 10 ]; then
    nap 0.2
  else
    nap 0.5
  fi
}

# Waits for a child, even if signals interrupt the wait.
await() {
  while
    wait "$1"
    status=$?
    [ "$status" -gt 128 ] && kill -0 "$1" 2>/dev/null
  do :; done
  if [ "$status" -gt 128 ]; then
    # It may have ended just when a signal arrived, which hid its status. dash and ash still know it. If a shell has
    # forgotten it, the child most likely succeeded.
    wait "$1" 2>/dev/null
    status=$?
    [ "$status" -ne 127 ] || status=0
  fi
  return "$status"
}
