# Time, and waiting for it or for a child, also when signals interrupt.

# Seconds, and hundredths of them, of a clock that nobody sets.
clock() {
  # shellcheck disable=SC2034 # only followers use the hundredths
  IFS=' .' read -r now hundredths _ </proc/uptime
}

# A sleep that ends when a message arrives. When it is abandoned it must not hold
# anybody's streams open.
nap() {
  sleep "$1" >/dev/null 2>&1 &
  napping=$!
  while
    wait "$napping"
    [ "$?" -gt 128 ] && [ -z "$told" ] && kill -0 "$napping" 2>/dev/null
  do :; done
}

# Waits for a child, however often signals interrupt the waiting.
await() {
  while
    wait "$1"
    status=$?
    [ "$status" -gt 128 ] && kill -0 "$1" 2>/dev/null
  do :; done
  if [ "$status" -gt 128 ]; then
    # It may have ended in the very moment of a signal, which hid how. dash and ash still know; where a
    # shell has forgotten it, it most likely ended well.
    wait "$1" 2>/dev/null
    status=$?
    [ "$status" -ne 127 ] || status=0
  fi
  return "$status"
}
