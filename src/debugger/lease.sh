# Runs a program for as long as somebody wants it: lease.sh SECONDS PROGRAM [ARGUMENT]...
#
# The client writes a word a line on our input. Any word shows that it is there; `stop` asks the
# program to end, `info` sends it SIGUSR1 (tcpdump's statistics). The program is ended when input
# ends, when SECONDS pass without a word, or when this process itself is killed, as some runtimes do
# when a connection breaks. The exit status is the program's.
#
# Three writers share one pipe (the client's words, a tick a second, the program's end), so that
# one reader decides everything; no signals between shells, no files, no `read -t`, which dash lacks.
silence=$1
shift
guard=$$
exec 3<&0 4>&1 </dev/null

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
        ;;
      ended)
        kill "$words" "$ticks" 2>/dev/null
        exit "$first"
        ;;
      tick | orphaned)
        quiet=$((quiet + 1))
        # A program that cannot write ends only by force: nobody reads what it has to say.
        if [ "$left" -eq 0 ]; then kill -KILL "$program" 2>/dev/null; fi
        if [ "$left" -gt 0 ]; then left=$((left - 1)); fi
        if [ "$quiet" -eq "$silence" ]; then echo "lease: no word for $silence s" >&2; fi
        if [ "$word" = orphaned ] || [ "$quiet" -ge "$silence" ]; then end; fi
        ;;
      gone | stop)
        end
        ;;
      info)
        quiet=0
        kill -USR1 "$program" 2>/dev/null
        ;;
      *)
        quiet=0
        ;;
    esac
  done
}

end() {
  if [ "$left" -lt 0 ]; then
    left=1
    kill -TERM "$program" 2>/dev/null
  fi
}

run "$@" | decide
