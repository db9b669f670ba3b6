# What ends a recording: a lease that is not renewed, a disk that fills up.

# Whether somebody renewed the lease since this was last asked. Shells may compare whole seconds only,
# and clocks may be set back: then the mark must be made anew.
is_renewed() {
  quiet=$((quiet + 1))
  # shellcheck disable=SC3013 # dash and busybox ash know -nt
  if [ lease -nt seen ]; then
    quiet=0
    true >seen
    return
  fi
  [ $((quiet % 8)) -ne 7 ] || true >seen
  return 1
}

# Looks at the disk every 5 s, or every second where it fills fast. Bytes that cannot be written show
# a full disk sooner: tcpdump itself continues as if nothing were wrong.
look_at_disk() {
  if ! printf x 2>/dev/null >probe; then
    why=full
    return
  fi
  true >probe
  [ "$now" -ge "$nextlook" ] || return 0
  nextlook=$((now + 5))
  free_space
  [ -n "$free" ] || return 0
  if [ "$free" -lt "$floorkb" ]; then why=floor; fi
  if [ $((free - floorkb)) -lt $(((${lastfree:-$free} - free) * 4)) ]; then nextlook=$now; fi
  lastfree=$free
  # shellcheck disable=SC2046 # words are wanted
  set -- $(ls -n log)
  if [ "${5:-0}" -gt 32768 ]; then
    [ -e log.begin ] || dd if=log of=log.begin bs=8192 count=1 2>/dev/null
    true >log
  fi
}
