# Ends a recording and removes a spool.

# Removes the given files, such as `wanted`, and notifies the recorder.
clear_flags() {
  rm -f "$@"
  if is_recorder_alive; then kill -USR2 "$recorder_pid" 2>/dev/null; fi
}

# If the recorder was killed, ends its engine, because nothing else would.
end_orphaned_engine() {
  load_state || return 0
  [ "$why" = interrupted ] || return 0
  end_tree "$engine_pid"
  rm -f running capturing wanted
}

# Ends the recording and has its recorder remove the spool. If the recorder is gone, removes it here.
remove_spool() {
  load_state
  # In this order: a recorder whose spool is not kept does not wait for the last packets.
  clear_flags kept wanted
  tries=0
  while [ -d "$spool" ] && is_recorder_alive && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    nap "$min_sleep"
  done
  if [ -e running ]; then end_orphaned_engine; fi
  [ ! -d "$spool" ] || delete_spool
}

# Waits until the recording has ended, at most 10 s.
stop() {
  load_state || fail 3 'no spool'
  clear_flags wanted
  clock
  begin=$now
  while [ -e running ] && [ $((now - begin)) -lt 10 ]; do
    if ! is_recorder_alive; then end_orphaned_engine; fi
    nap "$min_sleep"
    clock
  done
  [ ! -e running ] || fail 1 'the recorder does not end'
}

# Never works in a folder that is not a spool.
enter_spool() {
  { cd "$spool" && [ -e state ]; } 2>/dev/null || fail 3 'no spool'
}
