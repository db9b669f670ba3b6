# Runs a program while its client sends heartbeats: lease.sh SECONDS PROGRAM [ARGUMENT]...
#
# The client writes one word per line to our input. Any word renews the lease; `stop` asks the program to end, `info`
# sends it SIGUSR1 (tcpdump's statistics). The program is ended when the input ends, when SECONDS pass without a word,
# or when this process itself is killed, which some runtimes do when a connection breaks. The exit status is the
# program's.
#
# Three writers share one pipe (the client's words, a tick each second, the program's end), so that a single reader
# makes all decisions. This needs no signals between shells, no files, and no `read -t`, which dash does not support.
timeout=$1
shift
guard=$$
exec 3<&0 4>&1 </dev/null
# Printed first, because on a busy node the client waits long for the command to start.
echo 'netdebug: started' >&2

forward_words() {
  while IFS= read -r word; do echo "$word"; done
  echo eof
}

tick() {
  # A sleep outlives its killed shell by up to a second and must not keep the streams open.
  trap '' PIPE
  while
    # If the sleep is killed, the tick only comes early.
    sleep 1 >/dev/null 2>&1 || [ $? -gt 128 ] || return
    { if kill -0 "$guard"; then echo tick; else echo orphaned; fi; } 2>/dev/null
  do :; done
  # The reader was killed, or never started because the guard was killed first.
  tree=
  tree_of "$program"
  kill_tree
}

run() {
  # Starts first, so that it does not wait for its guards on a busy node.
  "$@" >&4 3<&- 4>&- &
  program=$!
  forward_words <&3 4>&- &
  words=$!
  tick 3<&- 4>&- &
  ticks=$!
  echo "started $words $ticks $program"
  exec 3<&- 4>&-
  wait "$program"
  echo "ended $?"
}

supervise() {
  exec 3<&- 4>&-
  idle=0 seconds_left=-1 info_requested='' program=''
  while IFS=' ' read -r word first second third; do
    case $word in
      started)
        words=$first ticks=$second program=$third
        # Words may arrive before the program's PID.
        if [ -n "$info_requested" ]; then send_info; fi
        if [ "$seconds_left" -ge 0 ]; then
          seconds_left=-1
          end
        fi
        ;;
      ended)
        kill "$words" "$ticks" 2>/dev/null
        if [ "$seconds_left" -ge 0 ]; then end_rest; fi
        exit "$first"
        ;;
      tick | orphaned)
        idle=$((idle + 1))
        # A program that is blocked writing output that nobody reads can only be killed.
        if [ "$seconds_left" -eq 0 ]; then
          tree_of "$program"
          kill_tree
        fi
        if [ "$seconds_left" -gt 0 ]; then seconds_left=$((seconds_left - 1)); fi
        if [ "$idle" -eq "$timeout" ]; then echo "lease: no word for $timeout s" >&2; fi
        if [ "$word" = orphaned ] || [ "$idle" -ge "$timeout" ]; then end; fi
        ;;
      eof | stop)
        end
        ;;
      info)
        idle=0 info_requested=1
        send_info
        ;;
      *)
        idle=0
        ;;
    esac
  done
}

end() {
  if [ "$seconds_left" -lt 0 ]; then
    seconds_left=1 tree=
    tree_of "$program"
    # shellcheck disable=SC2086 # word splitting is intended
    kill -TERM $tree 2>/dev/null
  fi
}

# Signals the outermost process that handles USR1. USR1 would end a wrapper script that does not handle it, and also new
# children of the program: between fork and exec, a child appears to handle the same signals as its parent.
send_info() {
  tree=
  tree_of "$program"
  for process in $tree; do
    if catches_usr1 "$process"; then
      kill -USR1 "$process" 2>/dev/null
      return
    fi
  done
}

# Processes that the program started may outlive it: give them a second to end, then kill them.
end_rest() {
  tries=5
  # shellcheck disable=SC2086 # word splitting is intended
  while is_any_running $tree && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    sleep 0.2 2>/dev/null || sleep 1
    grow_tree
  done
  kill_tree
}

. ./processTree.sh

run "$@" | supervise
