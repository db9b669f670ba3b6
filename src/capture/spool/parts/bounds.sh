# What ends a recording: a lease that is not renewed, or a disk that fills up.

# Whether the lease was renewed since the last call. Some shells compare only whole seconds, and clocks may be set back,
# so the file `seen` is touched regularly.
is_renewed() {
  idle=$((idle + 1))
  # shellcheck disable=SC3013 # dash and busybox ash support -nt
  if [ lease -nt seen ]; then
    idle=0
    true >seen
    return
  fi
  [ $((idle % 8)) -ne 7 ] || true >seen
  return 1
}

# Checks the disk every 5 s, or every second while it fills quickly. A failed write shows a full disk sooner: tcpdump
# itself continues as if nothing were wrong.
check_disk() {
  if ! printf x 2>/dev/null >probe; then
    why=full
    return
  fi
  true >probe
  [ "$now" -ge "$next_check" ] || return 0
  next_check=$((now + 5))
  read_free_space
  [ -n "$free" ] || return 0
  if [ "$free" -lt "$floorkb" ]; then why=floor; fi
  # The disk may have filled up since the write above.
  if [ "$free" -eq 0 ]; then why=full; fi
  if [ $((free - floorkb)) -lt $(((${last_free:-$free} - free) * 4)) ]; then next_check=$now; fi
  last_free=$free
  # shellcheck disable=SC2046 # word splitting is intended
  set -- $(ls -n log)
  if [ "${5:-0}" -gt 32768 ]; then
    [ -e log.begin ] || dd if=log of=log.begin bs=8192 count=1 2>/dev/null
    true >log
  fi
}
