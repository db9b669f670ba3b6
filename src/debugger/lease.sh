# Runs a program as long as its client wants it: lease.sh SECONDS PROGRAM [ARGUMENT]...
#
# The client writes a word a line on our input. Any word shows that it is there; `stop` asks the
# program to end, `info` sends it SIGUSR1 (tcpdump's statistics). The program is ended when input
# ends, when SECONDS pass without a word, or when this process itself is killed, as some runtimes do
# when a connection breaks. The exit status is the program's.
#
# Three writers share one pipe (the client's words, a tick a second, the program's end), so that
# one reader decides everything; no signals between shells, no files, no `read -t`, which dash does not have.
silence=$1
shift
guard=$$
exec 3<&0 4>&1 </dev/null
# Before all else: on a busy node the client waits long for a sign that anything runs.
echo 'netdebug: started' >&2

repeat_words() {
  while IFS= read -r word; do echo "$word"; done
  echo gone
}

tick() {
  # A sleep outlives its killed shell by a second: it must not hold the streams open meanwhile.
  while sleep 1 >/dev/null 2>&1; do
    if kill -0 "$guard" 2>/dev/null; then echo tick; else echo orphaned; fi
  done
}

run() {
  # First of all, so that on a busy node it need not wait for its guards.
  "$@" >&4 3<&- 4>&- &
  program=$!
  repeat_words <&3 4>&- &
  words=$!
  tick 3<&- 4>&- &
  ticks=$!
  echo "started $words $ticks $program"
  exec 3<&- 4>&-
  wait "$program"
  echo "ended $?"
}

decide() {
  exec 3<&- 4>&-
  quiet=0
  left=-1
  while IFS=' ' read -r word first second third; do
    case $word in
      started)
        words=$first ticks=$second program=$third
        # Asked to end before it had begun.
        if [ "$left" -ge 0 ]; then
          left=-1
          end
        fi
        ;;
      ended)
        kill "$words" "$ticks" 2>/dev/null
        if [ "$left" -ge 0 ]; then end_rest; fi
        exit "$first"
        ;;
      tick | orphaned)
        quiet=$((quiet + 1))
        # A program that cannot write ends only by force: its output is not read.
        if [ "$left" -eq 0 ]; then
          tree_of "$program"
          kill_tree
        fi
        if [ "$left" -gt 0 ]; then left=$((left - 1)); fi
        if [ "$quiet" -eq "$silence" ]; then echo "lease: no word for $silence s" >&2; fi
        if [ "$word" = orphaned ] || [ "$quiet" -ge "$silence" ]; then end; fi
        ;;
      gone | stop)
        end
        ;;
      info)
        quiet=0
        inform
        ;;
      *)
        quiet=0
        ;;
    esac
  done
}

end() {
  if [ "$left" -lt 0 ]; then
    left=1 tree=
    tree_of "$program"
    # shellcheck disable=SC2086 # words are wanted
    kill -TERM $tree 2>/dev/null
  fi
}

# Signals the outermost process that handles USR1. A script of the image around the program would be ended by it, and
# so would what the program starts: between fork and exec, a child seems to handle what its parent does.
inform() {
  tree=
  tree_of "$program"
  for process in $tree; do
    if catches_usr1 "$process"; then
      kill -USR1 "$process" 2>/dev/null
      return
    fi
  done
}

# What the program started may outlive it: it has a second to end, too.
end_rest() {
  tries=5
  # shellcheck disable=SC2086 # words are wanted
  while is_any_running $tree && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    sleep 0.2 2>/dev/null || sleep 1
    grow_tree
  done
  kill_tree
}

. ./processTree.sh

run "$@" | decide
