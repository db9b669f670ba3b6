# The recorder, from its start to the removal of its spool.

# The exit code of a recorder after it removed its spool. No shell, signal or kubelet uses this code. TERM from outside
# ends the recorder with 143, and the recording is kept.
gone=93

record() {
  # Comes first: without a trap, the kernel drops signals that the kubelet sends to the main process of a container.
  terminated=''
  trap 'told=1 terminated=1' TERM
  read -r me _ </proc/self/stat
  birth "$me"
  born=$birth
  started=$(date +%s)
  if [ -n "$notafter" ] && [ "$started" -gt "$notafter" ]; then refuse; fi
  mkdir "$spool" 2>/dev/null || refuse
  cd "$spool" || fail 1 "cannot enter $spool"
  heard=- slack=1 seen_newest=0 phase=starting first=1 newest=0 bytes=0 ticket=0 child='' told='' hung='' quiet=0 \
    nextlook=0 argv='' full='' disappeared='' why='' code=0
  earlier_bytes=0 earlier_captured=0 earlier_received=0 earlier_dropped=0 uncounted='' outages='' lost_at=''
  unmatched=''
  trap 'turn' USR1
  # A file that says what is wanted was removed.
  trap 'told=1' USR2
  # `kept` is created last: if it exists, all the others do.
  if ! { mkdir ring && fits && put_state && note_first - && true >log && true >lease && true >seen &&
    true >probe && put_hook && chmod 700 turn && true >running && true >capturing && true >wanted &&
    true >kept; }; then
    rm -rf "$PWD"
    fail 28 "$no_room"
  fi
  choose_engine
  if [ -n "$starting" ] && [ -n "$terminated" ]; then
    # A lease ended this recorder together with the follower that started it. Another follower starts a new recorder.
    destroy
    end_tree "$child"
    exit "$gone"
  fi
  hear log
  device=${device:-$heard}
  packets_before=$(count_packets)
  clock
  begin=$now
  [ -z "$until" ] || duration=$((until > started ? until - started : 0))
  # Ends an engine that never writes anything, sooner if the recording was to be short.
  patience=60
  if [ -n "$duration" ] && [ "$duration" -lt 40 ]; then patience=$((duration + 20)); fi
  while [ -z "$why" ]; do
    if [ "$phase" = starting ] && has_begun ring/; then
      phase=recording published=
    fi
    turn
    look_at_engine
    clock
    if [ ! -e wanted ]; then why=stopped; fi
    told=
    [ -z "$terminated" ] || why=ended
    if [ "$phase" = starting ] && [ $((now - asked)) -ge "$patience" ] && [ -z "$why" ]; then
      why=engine hung=1
      echo "$engine: has written nothing since its start, $((now - asked)) s ago" >>log
    fi
    if [ -n "$linger" ] && ! is_renewed && [ "$quiet" -gt "$linger" ]; then why=lease; fi
    if [ -n "$duration" ] && [ "$phase" != starting ] && [ $((now - begin)) -ge "$duration" ]; then why=duration; fi
    if [ -n "$maxkb" ] && [ $((bytes / 1000)) -ge "$maxkb" ]; then why=size; fi
    look_at_disk
    if [ "$newest $bytes $phase" != "$published" ]; then
      published="$newest $bytes $phase"
      put_state
    fi
    [ -n "$why" ] || pass_second
  done
  finish
  keep_spool
}

# Starts the engine. With `auto`, this is dumpcap if it is installed and works, otherwise tcpdump.
choose_engine() {
  wanted=$engine
  if [ "$engine" = auto ]; then
    engine=tcpdump
    if command -v dumpcap >/dev/null; then engine=dumpcap; fi
  fi
  clock
  asked=$now
  begin_engine && return
  if [ "$wanted $engine" = 'auto dumpcap' ] && [ -e wanted ] && [ -z "$terminated" ] &&
    command -v tcpdump >/dev/null; then
    # Some builds of dumpcap need capabilities that this container does not have.
    end_tree "$child"
    await "$child"
    rm -f ring/*
    engine=tcpdump
    begin_engine
  fi
}

# What tcpdump runs after each file. If the recorder was killed, this ends tcpdump, because nothing else would.
put_hook() {
  # shellcheck disable=SC2016 # for the other shell to expand
  printf '#!/bin/sh\nkill -USR1 %s 2>/dev/null || kill -TERM "$PPID"\n' "$me" >turn
}

# Refuses a second start: by a kubelet after its node restarted, or next to an existing recorder.
refuse() {
  if cd "$spool" 2>/dev/null; then
    [ -z "$starting" ] || exit 0
    if load_state && [ "$why" = interrupted ]; then
      # Writes a complete state, so that it can be read again. The recording is kept.
      printf '%-4095s\n' "${text}end $begun" 2>/dev/null 1<>state
      rm -f running capturing wanted
    fi
  elif [ ! -d "$spool" ] && { [ -z "$notafter" ] || [ "$started" -le "$notafter" ]; }; then
    fail 1 "cannot make $spool"
  fi
  echo 'why restarted'
  exit 75
}

finish() {
  if [ -n "$child" ] && kill -0 "$child" 2>/dev/null; then
    # A recording that is to be removed does not need its last packets.
    if [ -e kept ]; then settle; fi
    end_tree "$child"
  fi
  bury_engine
  [ -z "$hung" ] || code=1
  turn
  if [ "$first" -eq 1 ]; then
    held ring/*
    bytes=$held
  fi
  if [ "$why" = engine ] && has_its_bounds; then why=$bound; fi
  [ "$why" != engine ] || [ -z "$full" ] || why=full
  if [ "${captured:-0}" -eq 0 ] && [ -e kept ]; then explain_nothing; fi
  phase=ended ended=$(date +%s)
  put_state
  rm -f running capturing wanted
  echo "why $why exit $code"
}

# Waits for packets that the kernel holds for up to a second: they still belong to the capture.
settle() {
  case $phase-$why in
    starting-* | *-full | *-floor | *-size) return ;;
  esac
  # dumpcap asks the kernel for packets four times a second, tcpdump once.
  settling=1.1
  if [ "$engine" = dumpcap ]; then settling=0.6; fi
  if [ "$moment" = 1 ]; then settling=2; fi
  nap "$settling"
  # If it is not confirmed, packets may be missing at the end, and the counts tell how many.
  await_delivery || :
}

# Nothing matched the filter: adds to the state what happened in the meantime.
explain_nothing() {
  find_passed "$packets_before"
  find_connected "$ports"
  IFS=$newline
  for line in $passed; do unmatched="$unmatched${newline}passed $line"; done
  for line in $connected; do unmatched="$unmatched${newline}connected $line"; done
  unset IFS
}

keep_spool() {
  # The time without a client already counts towards `keep` if the lease expired or if the engine never wrote anything.
  [ "$why" = lease ] || [ -n "$hung" ] || quiet=0
  if [ "$why" = ended ] && [ -e kept ]; then exit 143; fi
  while [ -e kept ]; do
    is_renewed
    [ -z "$keep" ] || [ "$quiet" -le "$keep" ] || break
    nap 1
    # The container is being terminated. Files on a volume outlive it.
    told=
    [ -z "$terminated" ] || exit 143
  done
  destroy
  exit "$gone"
}

destroy() {
  spool=$PWD
  cd /
  # A late renewal of the lease may recreate a file in between.
  rm -rf "$spool" 2>/dev/null || rm -rf "$spool"
}
