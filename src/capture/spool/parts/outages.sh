# Handles the end of the engine. When its interface has disappeared, the recorder waits for one of the same name and
# restarts the engine. The state records the times in which nothing was recorded.

# How many outages fit into the state.
max_outages=8

# Once a second: checks how much the engine has written and whether it is running or, in an outage, whether it can be
# restarted.
check_engine() {
  if [ "$phase" = waiting ]; then
    if has_device; then try_resume; fi
    return
  fi
  measure_bytes
  kill -0 "$engine_pid" 2>/dev/null && return
  reap_engine
  if [ "$phase" = recording ] && ! has_reached_bound && { [ -n "$disappeared" ] || ! has_device; }; then
    begin_outage
  else
    why=engine
  fi
}

# Waits for the engine, which has ended, and adds up its counts. Sets code, the counts, and lost_packets, the number of
# packets that the kernel still held (empty if not known).
reap_engine() {
  if [ -n "$engine_pid" ]; then
    await "$engine_pid"
    code=$?
    captured='' received='' dropped='' dropped_by_kernel='' disappeared=''
    parse_log log
    if [ -z "$captured" ] || [ -z "$dropped" ]; then counts_missing=1; fi
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
    [ -z "$counts_missing" ] || captured='' received='' dropped=''
  fi
  engine_pid=''
}

# Whether the engine, which has ended, reached one of its bounds; sets `bound`.
has_reached_bound() {
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
  phase=waiting outage_start=$(date +%s) outage_file=$newest
  rm -f capturing
  outages_before=$outages
  outages="$outages${newline}outage $outage_start - $outage_file ${lost_packets:--}"
  earlier_captured=${captured:-0} earlier_received=${received:-0} earlier_dropped=${dropped:-0}
  # The next engine's messages are counted separately.
  [ -e log.begin ] || dd if=log of=log.begin bs=8192 count=1 2>/dev/null
  true >log
}

try_resume() {
  rotate
  earlier_bytes=$bytes
  if start_engine; then
    phase=recording
    outages="$outages_before${newline}outage $outage_start $(date +%s) $outage_file ${lost_packets:--}"
    true 2>/dev/null >capturing
    drop_old_outages
  elif [ -n "$engine_pid" ]; then
    # The interface may have disappeared again, or may not be up yet.
    end_tree "$engine_pid"
    await "$engine_pid"
    engine_pid=''
    rm -f "$prefix"*
  fi
}

# Keeps only the newest outages in the state.
drop_old_outages() {
  # shellcheck disable=SC2086 # word splitting is intended
  set -- $outages
  while [ $# -gt $((5 * max_outages)) ]; do
    shift 5
    outages=${outages#"$newline"*"$newline"}
    outages=$newline$outages
  done
}
