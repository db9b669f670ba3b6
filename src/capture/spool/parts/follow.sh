# Sends the ring's bytes as frames, and starts the recorder if requested.

follow() {
  read -r me _ </proc/self/stat
  told='' stops=0 grain=262144 said='' last=0 over='' ticker='' waiting='' told_outages='|' greeted='' \
    naps=0 examined='' miscounted='' lively=0 arrived=0
  [ "$moment" = 0.1 ] || poll=1
  trap 'told=1 stops=$((stops + 1))' USR1
  trap 'depart' TERM
  if [ -n "$starting" ]; then start; fi
  if ! cd "$spool" 2>/dev/null; then lost; fi
  {
    while kill -0 "$me" && [ -e lease ]; do
      true >lease
      sleep 1
    done
  } </dev/null >/dev/null 2>&1 &
  ticker=$!
  until load_state && [ "$phase" != starting ]; do
    [ -e state ] || lost
    say_starting
    listen
    nap_longer
  done
  if has_begun ring/; then
    echo "hello 1 $engine $device"
    greeted=1
  fi
  while [ -z "$over" ]; do
    look
    if [ -z "$names" ] || [ "$seq" -gt "$newest" ]; then
      [ -z "$ended" ] || break
      pulse
      rest
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
  say_over
}

# Runs when the client has left. If the client asked to stop before that, it does not come back to ask again.
depart() {
  if [ "$stops" -gt 0 ]; then
    tries=100
    # The recorder may still be on its way.
    while [ -n "$starting" ] && [ ! -e "$spool/kept" ] && [ "$tries" -gt 0 ]; do
      tries=$((tries - 1))
      nap "$moment"
    done
    if cd "$spool" 2>/dev/null; then
      # The client that started the recorder does not know about the recording until it receives hello. The files are
      # removed first, because the lease soon kills this process.
      if [ -n "$greeted" ] || { [ -z "$starting" ] && has_begun ring/; }; then
        rm -f wanted
      else
        rm -f kept wanted
        take_away
      fi
    fi
  fi
  leave 143
}

leave() {
  [ -z "$ticker" ] || kill "$ticker" 2>/dev/null
  [ -z "$sender" ] || kill "$sender" 2>/dev/null
  exit "$1"
}

lost() {
  echo 'over lost 0'
  leave 3
}

# Makes sure that a recorder exists. If the request is repeated, the existing recorder is used. A recorder creates its
# folder itself, so that the folder is not left half-made when this process is ended. It must outlive this process, so
# it must not hold any of our streams.
start() {
  starter='' deserted=0 naps=0
  until [ -e "$spool/kept" ]; do
    say_starting
    if [ -n "$starter" ]; then
      if ! kill -0 "$starter" 2>/dev/null; then
        [ -d "$spool" ] || refuse_start
        starter=
      fi
      nap_longer
    elif [ ! -d "$spool" ]; then
      # Not a child of this process: whatever ends this process would end its children too.
      starter=$( (record) </dev/null >/dev/null 2>&1 & echo $!)
      nap "$moment"
    else
      # The folder is left if a recorder was killed before it was ready.
      deserted=$((deserted + 1))
      if is_entered; then deserted=0; fi
      if [ "$deserted" -ge 3 ]; then rm -rf "$spool"; fi
      nap 1
    fi
  done
}

# Whether a process works in the spool's folder.
is_entered() {
  for process in /proc/[0-9]*; do
    # shellcheck disable=SC3013 # dash and busybox ash support -ef
    [ "$process/cwd" -ef "$spool" ] && return
  done
  return 1
}

# Reports why a recorder could not start.
refuse_start() {
  if message=$(mkdir "$spool" 2>&1); then
    rmdir "$spool"
    echo "log $no_room"
    echo 'over full 28'
    leave 28
  fi
  [ ! -d "$spool" ] || return 0
  echo "log $message"
  echo 'over nospool 1'
  leave 1
}

# Sends a sign of life once a second until there is more to send.
say_starting() {
  clock
  [ "$now" != "$said" ] || return 0
  said=$now
  echo starting
}

# Handles requests and lists the ring, as of the time `looked`. If the recording has ended before the listing, the
# listing is final.
look() {
  clock
  looked=$now$hundredths ended=
  [ -e running ] || ended=1
  listen
  survey || { [ -e state ] || lost; }
}

listen() {
  [ "$stops" -gt 0 ] || return 0
  heeded=$stops told=
  # A recording that has not started is not kept for anybody.
  if [ "$phase" = starting ]; then unwant wanted kept; else unwant wanted; fi
  # Only now: if TERM arrives before this, `depart` must still see the request to stop.
  stops=$((stops - heeded))
}

# Once a second: sends the state, and checks the recorder.
pulse() {
  clock
  [ "$now" != "$said" ] || return 0
  said=$now
  if [ $((now % 5)) -eq 0 ] || [ -z "$free" ]; then free_space; fi
  skip=$((seq - first))
  # shellcheck disable=SC2086 # word splitting is intended
  held $names
  behind=$((part > offset ? part - offset : 0))
  echo "state newest=$newest size=$last held=$held free=${free:-0} behind=$behind removed=$((first - 1)) up=$looked"
  if [ -e running ] && ! kill -0 "$recorder" 2>/dev/null; then bury; fi
  if [ ! -e capturing ] || [ -n "$waiting" ]; then
    load_state || return 0
    say_outages
  fi
}

# Reports times without the interface, in which nothing was recorded: each once when it starts and once when it ends.
say_outages() {
  waiting=
  IFS=$newline
  for line in $outages; do
    case $line in *' - '*) waiting=1 ;; esac
    case $told_outages in *"|$line|"*) continue ;; esac
    told_outages="$told_outages$line|"
    echo "outage $line"
  done
  unset IFS
}

say_over() {
  load_state || lost
  [ "$phase" = ended ] || why=interrupted
  say_log
  say_outages
  printf %s "$unmatched"
  # A request to stop that arrived late is not an acknowledgment.
  stops=0
  echo "over $why $code${captured:+ captured=$captured}${received:+ received=$received}${dropped:+ dropped=$dropped}"
  # A follower positioned beyond the ring runs while its client copies the files, and never receives an acknowledgment.
  while [ "$stops" -eq 0 ] || [ "$seq" -gt $((newest + 1)) ]; do
    pulse
    nap 1
  done
  take_away
  leave 0
}
