# The end of the engine. When its interface has disappeared, the recorder waits for one of the same name and starts
# the engine again; the state says from when to when nothing was recorded.

# The state has room for this many.
max_outages=8

# Once a second: how much the engine has written, and whether it runs; in an outage, whether it can run again.
look_at_engine() {
  if [ "$phase" = waiting ]; then
    if has_device; then resume; fi
    return
  fi
  measure
  kill -0 "$child" 2>/dev/null && return
  bury_engine
  if [ "$phase" = recording ] && ! has_its_bounds && { [ -n "$disappeared" ] || ! has_device; }; then
    begin_outage
  else
    why=engine
  fi
}

# Waits for the engine, which has ended, and adds up what it has counted. Sets code, and the counts, and how many
# packets the kernel still held, lost_packets: empty when not known.
bury_engine() {
  if [ -n "$child" ]; then
    await "$child"
    code=$?
    captured='' received='' dropped='' dropped_by_kernel='' disappeared=''
    hear log
    if [ -z "$captured" ] || [ -z "$dropped" ]; then uncounted=1; fi
    lost_packets=''
    # tcpdump counts what has passed its filter, and what of that was dropped; dumpcap only what it has taken.
    if [ "$engine" = tcpdump ] && [ -n "$captured" ] && [ -n "$received" ] && [ -n "$dropped_by_kernel" ]; then
      lost_packets=$((received - dropped_by_kernel - captured))
      [ "$lost_packets" -ge 0 ] || lost_packets=0
    fi
    captured=${captured:+$((earlier_captured + captured))}
    received=${received:+$((earlier_received + received))}
    dropped=${dropped:+$((earlier_dropped + dropped))}
    [ -z "$uncounted" ] || captured='' received='' dropped=''
  fi
  child=''
}

# Whether the engine, which has ended, ended by a bound that it was given, `bound`.
has_its_bounds() {
  [ "$code" -eq 0 ] || return 1
  bound=complete
  [ -n "$count" ] && [ "${captured:-0}" -ge "$count" ] && return
  bound=size
  # The file that is full may lack a packet, which is written to none.
  [ -n "$maxkb" ] && [ -z "$disappeared" ] && [ $((bytes / 1000 + 66)) -ge "$maxkb" ]
}

# Whether there is an interface of the name in this network.
has_device() {
  [ "$device" != any ] || return 0
  while IFS=' :' read -r name _; do
    [ "$name" != "$device" ] || return 0
  done </proc/net/dev
  return 1
}

begin_outage() {
  phase=waiting lost_at=$(date +%s) lost_after=$newest
  rm -f capturing
  outages_before=$outages
  outages="$outages${newline}outage $lost_at - $lost_after ${lost_packets:--}"
  earlier_captured=${captured:-0} earlier_received=${received:-0} earlier_dropped=${dropped:-0}
  # What the next engine says is counted by itself.
  [ -e log.begin ] || dd if=log of=log.begin bs=8192 count=1 2>/dev/null
  true >log
}

resume() {
  turn
  earlier_bytes=$bytes
  if begin_engine; then
    phase=recording
    outages="$outages_before${newline}outage $lost_at $(date +%s) $lost_after ${lost_packets:--}"
    true 2>/dev/null >capturing
    forget_outages
  elif [ -n "$child" ]; then
    # The interface may have gone again, or may not be up yet.
    end_tree "$child"
    await "$child"
    child=''
    rm -f "$prefix"*
  fi
}

# Leaves the newest in the state.
forget_outages() {
  # shellcheck disable=SC2086 # words are wanted
  set -- $outages
  while [ $# -gt $((5 * max_outages)) ]; do
    shift 5
    outages=${outages#"$newline"*"$newline"}
    outages=$newline$outages
  done
}
