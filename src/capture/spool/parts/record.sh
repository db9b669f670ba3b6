# The recorder, from its start to the removal of its spool.

# The exit code of a recorder that has removed its spool: no shell, signal or kubelet gives it. TERM from
# outside ends it with 143, and what was recorded stays where it is.
gone=93

record() {
  read -r me _ </proc/self/stat
  birth "$me"
  born=$birth
  started=$(date +%s)
  if [ -n "$notafter" ] && [ "$started" -gt "$notafter" ]; then refuse; fi
  mkdir "$spool" 2>/dev/null || refuse
  cd "$spool" || fail 1 "cannot enter $spool"
  heard=- slack=1 seen_newest=0 phase=starting first=1 newest=0 bytes=0 ticket=0 child=0 told='' terminated='' hung='' quiet=0 nextlook=0 argv='' full=''
  # The last of them is there when all are.
  if ! { mkdir ring && fits && put_state && note_first - && true >log && true >lease && true >seen &&
    true >probe && put_hook &&
    chmod 700 turn && true >running && true >wanted && true >kept; }; then
    rm -rf "$PWD"
    fail 28 "$no_room"
  fi
  trap 'turn' USR1
  trap 'told=1 terminated=1' TERM
  # A file was removed that says what is wanted.
  trap 'told=1' USR2
  wanted=$engine
  case $engine in
    auto)
      engine=tcpdump
      if command -v dumpcap >/dev/null; then engine=dumpcap; fi
      ;;
  esac
  clock
  asked=$now
  if ! begin_engine && [ "$wanted $engine" = 'auto dumpcap' ] && [ -e wanted ] && [ -z "$terminated" ] &&
    command -v tcpdump >/dev/null; then
    # Some builds want capabilities that we have not.
    end_tree "$child"
    await "$child"
    rm -f ring/*
    engine=tcpdump
    begin_engine
  fi
  hear log
  device=${device:-$heard}
  clock
  begin=$now why=''
  [ -z "$until" ] || duration=$((until > started ? until - started : 0))
  # An engine that hangs before its first byte is ended, sooner where the recording was to be short.
  patience=60
  if [ -n "$duration" ] && [ "$duration" -lt 40 ]; then patience=$((duration + 20)); fi
  while [ -z "$why" ]; do
    if [ "$phase" = starting ] && has_begun; then
      phase=recording published=
    fi
    turn
    measure
    clock
    if ! kill -0 "$child" 2>/dev/null; then why=engine; fi
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
    if [ "$newest $bytes" != "$published" ]; then
      published="$newest $bytes"
      put_state
    fi
    [ -n "$why" ] || pass_second
  done
  finish
  keep_spool
}

# What tcpdump runs after each file. Where its recorder was killed, nobody else would end it.
put_hook() {
  # shellcheck disable=SC2016 # for the other shell to expand
  printf '#!/bin/sh\nkill -USR1 %s 2>/dev/null || kill -TERM "$PPID"\n' "$me" >turn
}

# A second start: by a kubelet after a node's restart, or beside a recorder that is there.
refuse() {
  if cd "$spool" 2>/dev/null; then
    [ -z "$starting" ] || exit 0
    if load_state && [ "$why" = interrupted ]; then
      # Whole words, so that it can be read again; what was recorded stays.
      printf '%-4095s\n' "${text}end $begun" 2>/dev/null 1<>state
      rm -f running wanted
    fi
  elif [ ! -d "$spool" ] && { [ -z "$notafter" ] || [ "$started" -le "$notafter" ]; }; then
    fail 1 "cannot make $spool"
  fi
  echo 'why restarted'
  exit 75
}

finish() {
  if kill -0 "$child" 2>/dev/null; then
    # What the kernel holds for up to a second still belongs to the capture.
    case $phase-$why in
      starting-* | *-full | *-floor | *-size) ;;
      *)
        # dumpcap asks for it four times a second, tcpdump once.
        settling=1.1
        if [ "$engine" = dumpcap ]; then settling=0.6; fi
        if [ "$moment" = 1 ]; then settling=2; fi
        nap "$settling"
        ;;
    esac
    end_tree "$child"
  fi
  await "$child"
  code=$?
  [ -z "$hung" ] || code=1
  turn
  if [ "$first" -eq 1 ]; then
    held ring/*
    bytes=$held
  fi
  captured='' received='' dropped=''
  hear log
  if [ "$why" = engine ] && [ "$code" -eq 0 ]; then
    if [ -n "$count" ] && [ "${captured:-0}" -ge "$count" ]; then
      why=complete
    elif [ -n "$maxkb" ]; then
      why=size
    fi
  fi
  [ "$why" != engine ] || [ -z "$full" ] || why=full
  phase=ended ended=$(date +%s)
  put_state
  rm -f running wanted
  echo "why $why exit $code"
}

keep_spool() {
  # A recording that ended since nobody was there is not kept for anybody, either.
  [ "$why" = lease ] || quiet=0
  [ "$why" != ended ] || exit 143
  while [ -e kept ]; do
    is_renewed
    [ -z "$keep" ] || [ "$quiet" -le "$keep" ] || break
    nap 1
    # The container ends: what stands on a volume outlives it.
    told=
    [ -z "$terminated" ] || exit 143
  done
  destroy
  exit "$gone"
}

destroy() {
  spool=$PWD
  cd /
  # A late renewal of the lease may come in between.
  rm -rf "$spool" 2>/dev/null || rm -rf "$spool"
}
