# Sends the ring's bytes as frames, and starts the recorder if requested.

follow() {
  read -r own_pid _ </proc/self/stat
  signaled='' stop_requests=0 chunk_size=262144 reported_at='' last_size=0 renewer='' in_outage='' \
    reported_outages='|' hello_sent='' naps=0 checked_bytes='' count_is_wrong='' last_data=0 recent_bytes=0
  [ "$min_sleep" = 0.1 ] || poll=1
  trap 'signaled=1 stop_requests=$((stop_requests + 1))' USR1
  trap 'handle_term' TERM
  if [ -n "$starting" ]; then start_recorder; fi
  if ! cd "$spool" 2>/dev/null; then report_lost; fi
  {
    while kill -0 "$own_pid" && [ -e lease ]; do
      true >lease
      sleep 1
    done
  } </dev/null >/dev/null 2>&1 &
  renewer=$!
  until load_state && [ "$phase" != starting ]; do
    [ -e state ] || report_lost
    report_starting
    handle_requests
    nap_longer
  done
  if has_data ring/; then
    # The recording began just after `handle_requests` ended it. Its files are being removed, so the client must not
    # learn about it.
    if [ ! -e kept ]; then
      remove_spool
      report_lost
    fi
    echo "hello 1 $engine $device"
    hello_sent=1
  fi
  while :; do
    refresh
    if [ -z "$names" ] || [ "$seq" -gt "$newest" ]; then
      [ -z "$ended" ] || break
      report_state
      wait_for_data
      continue
    fi
    if [ "$seq" -lt "$first" ]; then
      echo "gap $seq $((first - 1))"
      seq=$first offset=0
    fi
    name_of "$seq"
    # If the file was just removed, it cannot be opened, and the next check finds a gap.
    { send_file 4<"$name"; } 2>/dev/null
  done
  report_end
}

# Runs when the client has left. If the client asked to stop before that, it does not come back to ask again.
handle_term() {
  if [ "$stop_requests" -gt 0 ]; then
    tries=100
    # The recorder may still be on its way.
    while [ -n "$starting" ] && [ ! -e "$spool/kept" ] && [ "$tries" -gt 0 ]; do
      tries=$((tries - 1))
      nap "$min_sleep"
    done
    if cd "$spool" 2>/dev/null; then
      # The client that started the recorder does not know about the recording until it receives hello. The files are
      # removed first, because the lease soon kills this process.
      if [ -n "$hello_sent" ] || { [ -z "$starting" ] && has_data ring/; }; then
        rm -f wanted
      else
        rm -f kept wanted
        remove_spool
      fi
    fi
  fi
  leave 143
}

leave() {
  [ -z "$renewer" ] || kill "$renewer" 2>/dev/null
  [ -z "$sender" ] || kill "$sender" 2>/dev/null
  exit "$1"
}

report_lost() {
  echo 'over lost 0'
  leave 3
}

# Makes sure that a recorder exists. If the request is repeated, the existing recorder is used. A recorder creates its
# folder itself, so that the folder is not left incomplete when this process is ended. It must outlive this process, so
# it must not hold any of our streams.
start_recorder() {
  recorder_job='' unused=0 naps=0
  until [ -e "$spool/kept" ]; do
    report_starting
    if [ -n "$recorder_job" ]; then
      if ! kill -0 "$recorder_job" 2>/dev/null; then
        [ -d "$spool" ] || report_start_failure
        recorder_job=
      fi
      nap_longer
    elif [ ! -d "$spool" ]; then
      # Not a child of this process: whatever ends this process would end its children too.
      recorder_job=$( (record) </dev/null >/dev/null 2>&1 & echo $!)
      nap "$min_sleep"
    else
      # The folder is left if a recorder was killed before it was ready.
      unused=$((unused + 1))
      if is_in_use; then unused=0; fi
      if [ "$unused" -ge 3 ]; then rm -rf "$spool"; fi
      nap 1
    fi
  done
}

# Whether a process has the spool's folder as its working directory.
is_in_use() {
  for process in /proc/[0-9]*; do
    # shellcheck disable=SC3013 # dash and busybox ash support -ef
    [ "$process/cwd" -ef "$spool" ] && return
  done
  return 1
}

# Reports why a recorder could not start.
report_start_failure() {
  if message=$(mkdir "$spool" 2>&1); then
    rmdir "$spool"
    echo "log $no_room_message"
    echo 'over full 28'
    leave 28
  fi
  [ ! -d "$spool" ] || return 0
  echo "log $message"
  echo 'over nospool 1'
  leave 1
}

# Reports once a second that the recorder is starting.
report_starting() {
  clock
  [ "$now" != "$reported_at" ] || return 0
  reported_at=$now
  echo starting
}

# Handles requests and lists the ring, as of the time `refreshed_at`. If the recording has ended before that, the list
# is final.
refresh() {
  clock
  refreshed_at=$now$hundredths ended=
  [ -e running ] || ended=1
  handle_requests
  list_ring || { [ -e state ] || report_lost; }
}

handle_requests() {
  [ "$stop_requests" -gt 0 ] || return 0
  handled=$stop_requests signaled=
  # A recording that has not started has nothing to keep.
  if [ "$phase" = starting ]; then clear_flags wanted kept; else clear_flags wanted; fi
  # Only now: if TERM arrives before this, `handle_term` must still see the request to stop.
  stop_requests=$((stop_requests - handled))
}

# Once a second: sends the state, and checks the recorder.
report_state() {
  clock
  [ "$now" != "$reported_at" ] || return 0
  reported_at=$now
  if [ $((now % 5)) -eq 0 ] || [ -z "$free" ]; then read_free_space; fi
  skip=$((seq - first))
  # shellcheck disable=SC2086 # word splitting is intended
  add_sizes $names
  behind=$((later_bytes > offset ? later_bytes - offset : 0))
  sizes="newest=$newest size=$last_size held=$ring_bytes free=${free:-0}"
  echo "state $sizes behind=$behind removed=$((first - 1)) up=$refreshed_at"
  if [ -e running ] && ! kill -0 "$recorder_pid" 2>/dev/null; then end_orphaned_engine; fi
  if [ ! -e capturing ] || [ -n "$in_outage" ]; then
    load_state || return 0
    report_outages
  fi
}

# Reports times without the interface, in which nothing was recorded: each once when it starts and once when it ends.
report_outages() {
  in_outage=
  IFS=$newline
  for line in $outages; do
    case $line in *' - '*) in_outage=1 ;; esac
    case $reported_outages in *"|$line|"*) continue ;; esac
    reported_outages="$reported_outages$line|"
    echo "outage $line"
  done
  unset IFS
}

report_end() {
  load_state || report_lost
  [ "$phase" = ended ] || why=interrupted
  print_log
  report_outages
  printf %s "$unmatched"
  # A request to stop that arrived late is not an acknowledgment.
  stop_requests=0
  echo "over $why $code${captured:+ captured=$captured}${received:+ received=$received}${dropped:+ dropped=$dropped}"
  # A follower positioned beyond the ring runs while its client copies the files, and never receives an acknowledgment.
  while [ "$stop_requests" -eq 0 ] || [ "$seq" -gt $((newest + 1)) ]; do
    report_state
    nap 1
  done
  remove_spool
  leave 0
}
