# The recorder, from its start to the removal of its spool.

# The exit code of a recorder after it removed its spool. No shell, signal or kubelet uses this code. TERM from outside
# ends the recorder with 143, and the recording is kept.
removed_status=93

record() {
  # Comes first: without a trap, the kernel drops signals that the kubelet sends to the main process of a container.
  terminated=''
  trap 'signaled=1 terminated=1' TERM
  read -r own_pid _ </proc/self/stat
  read_start_time "$own_pid"
  own_start=$start_time
  started=$(date +%s)
  if [ -n "$notafter" ] && [ "$started" -gt "$notafter" ]; then refuse_restart; fi
  mkdir "$spool" 2>/dev/null || refuse_restart
  cd "$spool" || fail 1 "cannot enter $spool"
  logged_device=- slack=1 previous_newest=0 phase=starting first=1 newest=0 bytes=0 ticket=0 engine_pid='' signaled=''
  hung='' idle=0 next_check=0 argv='' disk_full='' disappeared='' why='' code=0
  earlier_bytes=0 earlier_captured=0 earlier_received=0 earlier_dropped=0 counts_missing='' outages='' outage_start=''
  unmatched=''
  trap 'rotate' USR1
  # Sent after a file such as `wanted` was removed.
  trap 'signaled=1' USR2
  # `kept` is created last: if it exists, all the others do.
  if ! { mkdir ring && ring_fits && write_state && write_first - && true >log && true >lease && true >seen &&
    true >probe && write_hook && chmod 700 turn && true >running && true >capturing && true >wanted &&
    true >kept; }; then
    rm -rf "$PWD"
    fail 28 "$no_room_message"
  fi
  choose_engine
  if [ -n "$starting" ] && [ -n "$terminated" ]; then
    # A lease ended this recorder together with the follower that started it. Another follower starts a new recorder.
    delete_spool
    end_tree "$engine_pid"
    exit "$removed_status"
  fi
  parse_log log
  device=${device:-$logged_device}
  packets_before=$(count_packets)
  clock
  begin=$now
  [ -z "$until" ] || duration=$((until > started ? until - started : 0))
  # Ends an engine that never writes anything, sooner if the recording was to be short.
  start_timeout=60
  if [ -n "$duration" ] && [ "$duration" -lt 40 ]; then start_timeout=$((duration + 20)); fi
  while [ -z "$why" ]; do
    if [ "$phase" = starting ] && has_data ring/; then
      phase=recording saved_state=
    fi
    rotate
    check_engine
    clock
    if [ ! -e wanted ]; then why=stopped; fi
    signaled=
    [ -z "$terminated" ] || why=ended
    if [ "$phase" = starting ] && [ $((now - engine_start)) -ge "$start_timeout" ] && [ -z "$why" ]; then
      why=engine hung=1
      echo "$engine: has written nothing since its start, $((now - engine_start)) s ago" >>log
    fi
    if [ -n "$linger" ] && ! is_renewed && [ "$idle" -gt "$linger" ]; then why=lease; fi
    if [ -n "$duration" ] && [ "$phase" != starting ] && [ $((now - begin)) -ge "$duration" ]; then why=duration; fi
    if [ -n "$maxkb" ] && [ $((bytes / 1000)) -ge "$maxkb" ]; then why=size; fi
    check_disk
    if [ "$newest $bytes $phase" != "$saved_state" ]; then
      saved_state="$newest $bytes $phase"
      write_state
    fi
    [ -n "$why" ] || wait_second
  done
  finish
  keep_spool
}

# Starts the engine. With `auto`, this is dumpcap if it is installed and works, otherwise tcpdump.
choose_engine() {
  requested_engine=$engine
  if [ "$engine" = auto ]; then
    engine=tcpdump
    if command -v dumpcap >/dev/null; then engine=dumpcap; fi
  fi
  clock
  engine_start=$now
  start_engine && return
  if [ "$requested_engine $engine" = 'auto dumpcap' ] && [ -e wanted ] && [ -z "$terminated" ] &&
    command -v tcpdump >/dev/null; then
    # Some builds of dumpcap need capabilities that this container does not have.
    end_tree "$engine_pid"
    await "$engine_pid"
    rm -f ring/*
    engine=tcpdump
    start_engine
  fi
}

# What tcpdump runs after each file. If the recorder was killed, this ends tcpdump, because nothing else would.
write_hook() {
  # shellcheck disable=SC2016 # for the other shell to expand
  printf '#!/bin/sh\nkill -USR1 %s 2>/dev/null || kill -TERM "$PPID"\n' "$own_pid" >turn
}

# Refuses a second start: by a kubelet after its node restarted, or next to an existing recorder.
refuse_restart() {
  if cd "$spool" 2>/dev/null; then
    [ -z "$starting" ] || exit 0
    if load_state && [ "$why" = interrupted ]; then
      # Writes a complete state, so that it can be read again. The recording is kept.
      printf '%-4095s\n' "${text}end $first_ticket" 2>/dev/null 1<>state
      rm -f running capturing wanted
    fi
  elif [ ! -d "$spool" ] && { [ -z "$notafter" ] || [ "$started" -le "$notafter" ]; }; then
    fail 1 "cannot make $spool"
  fi
  echo 'why restarted'
  exit 75
}

finish() {
  if [ -n "$engine_pid" ] && kill -0 "$engine_pid" 2>/dev/null; then
    # A recording that is to be removed does not need its last packets.
    if [ -e kept ]; then await_last_packets; fi
    end_tree "$engine_pid"
  fi
  reap_engine
  [ -z "$hung" ] || code=1
  rotate
  if [ "$first" -eq 1 ]; then
    add_sizes ring/*
    bytes=$ring_bytes
  fi
  if [ "$why" = engine ] && has_reached_bound; then why=$bound; fi
  [ "$why" != engine ] || [ -z "$disk_full" ] || why=full
  if [ "${captured:-0}" -eq 0 ] && [ -e kept ]; then add_unmatched; fi
  phase=ended ended=$(date +%s)
  write_state
  rm -f running capturing wanted
  echo "why $why exit $code"
}

# Waits for packets that the kernel holds for up to a second: they still belong to the capture.
await_last_packets() {
  case $phase-$why in
    starting-* | *-full | *-floor | *-size) return ;;
  esac
  # dumpcap asks the kernel for packets four times a second, tcpdump once.
  delay=1.1
  if [ "$engine" = dumpcap ]; then delay=0.6; fi
  if [ "$min_sleep" = 1 ]; then delay=2; fi
  nap "$delay"
  # If it is not confirmed, packets may be missing at the end, and the counts tell how many.
  await_delivery || :
}

# Nothing matched the filter: adds to the state what happened in the meantime.
add_unmatched() {
  count_new_packets "$packets_before"
  count_connections "$ports"
  IFS=$newline
  for line in $packet_counts; do unmatched="$unmatched${newline}passed $line"; done
  for line in $connection_counts; do unmatched="$unmatched${newline}connected $line"; done
  unset IFS
}

keep_spool() {
  # The time without a client already counts towards `keep` if the lease expired or if the engine never wrote anything.
  [ "$why" = lease ] || [ -n "$hung" ] || idle=0
  if [ "$why" = ended ] && [ -e kept ]; then exit 143; fi
  while [ -e kept ]; do
    is_renewed
    [ -z "$keep" ] || [ "$idle" -le "$keep" ] || break
    nap 1
    # The container is being terminated. Files on a volume outlive it.
    signaled=
    [ -z "$terminated" ] || exit 143
  done
  delete_spool
  exit "$removed_status"
}

delete_spool() {
  spool=$PWD
  cd /
  # A late renewal of the lease may recreate a file in between.
  rm -rf "$spool" 2>/dev/null || rm -rf "$spool"
}
