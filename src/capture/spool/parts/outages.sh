# Handles the end of the engine. When its interface has disappeared, the recorder waits for one of the same name and
# restarts the engine. The state records the times in which nothing was recorded.

# How many outages fit into the state.
max_outages=8

# Once a second: checks how much the engine has written and whether it is running or, in an outage, whether it can be
# restarted.
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

# Waits for the engine, which has ended, and adds up its counts. Sets code, the counts, and lost_packets, the number of
# packets that the kernel still held (empty if not known).
bury_engine() {
  if [ -n "$child" ]; then
    await "$child"
    code=$?
    captured='' received='' dropped='' dropped_by_kernel='' disappeared=''
    hear log
    if [ -z "$captured" ] || [ -z "$dropped" ]; then uncounted=1; fi
    lost_packets=''
    # tcpdump counts packets that passed its filter, and how many of them were dropped. dumpcap counts only what it
    # captured.
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

# Whether the engine, which has ended, reached one of its bounds; sets `bound`.
has_its_bounds() {
  [ "$code" -eq 0 ] || return 1
  bound=complete
  [ -n "$count" ] && [ "${captured:-0}" -ge "$count" ] && return
  bound=size
  # The last file may lack the packet that did not fit into it; that packet is written nowhere.
  [ -n "$maxkb" ] && [ -z "$disappeared" ] && [ $((bytes / 1000 + 66)) -ge "$maxkb" ]
}

# Whether this network has an interface of that name.
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
  # The next engine's messages are counted separately.
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
    # The interface may have disappeared again, or may not be up yet.
    end_tree "$child"
    await "$child"
    child=''
    rm -f "$prefix"*
  fi
}

# Keeps only the newest outages in the state.
forget_outages() {
  # shellcheck disable=SC2086 # word splitting is intended
  set -- $outages
  while [ $# -gt $((5 * max_outages)) ]; do
    shift 5
    outages=${outages#"$newline"*"$newline"}
    outages=$newline$outages
  done
}
