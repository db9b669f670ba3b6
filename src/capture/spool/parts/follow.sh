# Sends the ring's bytes as frames, and starts the recorder if that is asked for.

follow() {
  read -r me _ </proc/self/stat
  told='' stops=0 grain=262144 said='' last=0 over='' ticker='' waiting='' told_outages='|'
  [ "$moment" = 0.1 ] || poll=1
  trap 'told=1 stops=$((stops + 1))' USR1
  trap 'leave 143' TERM
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
    nap "$moment"
  done
  if has_begun ring/; then echo "hello 1 $engine $device"; fi
  while [ -z "$over" ]; do
    look
    if [ -z "$names" ] || [ "$seq" -gt "$newest" ]; then
      [ -z "$ended" ] || break
      pulse
      nap "$poll"
      continue
    fi
    if [ "$seq" -lt "$first" ]; then
      echo "gap $seq $((first - 1))"
      seq=$first offset=0
    fi
    name_of "$seq"
    # Where it was removed just now there is nothing to open: the next look finds a gap.
    { send_file 4<"$name"; } 2>/dev/null
  done
  say_over
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

# Sees to it that there is a recorder: sent again, it finds the one that is there. A recorder makes its
# folder itself, so that one which began is not left half made when this process is ended. It must
# outlive us, and so hold none of our streams.
start() {
  starter='' deserted=0
  until [ -e "$spool/kept" ]; do
    say_starting
    if [ -n "$starter" ]; then
      if ! kill -0 "$starter" 2>/dev/null; then
        [ -d "$spool" ] || refuse_start
        starter=
      fi
      nap "$moment"
    elif [ ! -d "$spool" ]; then
      # Not a child of this process: whatever ends it would end its children, too.
      starter=$( (record) </dev/null >/dev/null 2>&1 & echo $!)
      nap "$moment"
    else
      # Of a recorder that was killed before it had begun the folder is left.
      deserted=$((deserted + 1))
      if is_entered; then deserted=0; fi
      if [ "$deserted" -ge 3 ]; then rm -rf "$spool"; fi
      nap 1
    fi
  done
}

# Whether anybody works in the spool's folder.
is_entered() {
  for process in /proc/[0-9]*; do
    # shellcheck disable=SC3013 # dash and busybox ash know -ef
    [ "$process/cwd" -ef "$spool" ] && return
  done
  return 1
}

# Says why a recorder could not begin.
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

# A sign of life once a second, until there is more to say.
say_starting() {
  clock
  [ "$now" != "$said" ] || return 0
  said=$now
  echo starting
}

# What was told meanwhile, and what the ring holds, as of the time `looked`. What is found after the end is all there is.
look() {
  clock
  looked=$now$hundredths ended=
  [ -e running ] || ended=1
  listen
  survey || { [ -e state ] || lost; }
}

listen() {
  [ "$stops" -gt 0 ] || return 0
  stops=0 told=
  # What has not begun is kept for nobody.
  if [ "$phase" = starting ]; then unwant wanted kept; else unwant wanted; fi
}

# Once a second: how things stand, and whether the recorder does.
pulse() {
  clock
  [ "$now" != "$said" ] || return 0
  said=$now
  if [ $((now % 5)) -eq 0 ] || [ -z "$free" ]; then free_space; fi
  skip=$((seq - first))
  # shellcheck disable=SC2086 # words are wanted
  held $names
  behind=$((part > offset ? part - offset : 0))
  echo "state newest=$newest size=$last held=$held free=${free:-0} behind=$behind removed=$((first - 1)) up=$looked"
  if [ -e running ] && ! kill -0 "$recorder" 2>/dev/null; then bury; fi
  if [ ! -e capturing ] || [ -n "$waiting" ]; then
    load_state || return 0
    say_outages
  fi
}

# Times in which nothing was recorded since the interface was not there, each once when it begins and once when it is over.
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
  echo "over $why $code${captured:+ captured=$captured}${received:+ received=$received}${dropped:+ dropped=$dropped}"
  while [ "$stops" -eq 0 ]; do
    pulse
    nap 1
  done
  take_away
  leave 0
}
