# Processes by id: when they started, and how to end them.

# Ends a process and its descendants; kills those that ignore TERM for a second. An image's engine may be a script whose
# children would keep running.
end_tree() {
  tree=
  tree_of "$1"
  # shellcheck disable=SC2086 # word splitting is intended
  kill -TERM $tree 2>/dev/null
  tries=10
  [ "$min_sleep" = 0.1 ] || tries=2
  # shellcheck disable=SC2086 # word splitting is intended
  while is_any_running $tree && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    nap "$min_sleep"
    # An engine that is a script may have started its program in the meantime.
    grow_tree
    # A child that has not yet executed its program still has this shell's signal handlers, and loses the signal.
    # shellcheck disable=SC2086 # word splitting is intended
    kill -TERM $tree 2>/dev/null
  done
  kill_tree
}

# Sets `bytes_written`, the bytes that the engine has written to files and pipes. Empty if the kernel does not count
# them.
read_bytes_written() {
  bytes_written=
  while read -r counter total; do
    if [ "$counter" = wchar: ]; then
      bytes_written=$total
      return
    fi
  done 2>/dev/null <"/proc/$engine_pid/io"
}

# Sets `start_time`, the time when process $1 started, in ticks since the node's boot.
read_start_time() {
  # The second field, the name, may contain spaces. The fields after it do not.
  start_time=
  read -r line 2>/dev/null <"/proc/$1/stat" || return 1
  # shellcheck disable=SC2086 # word splitting is intended
  set -- ${line##*) }
  shift 19
  start_time=$1
}
