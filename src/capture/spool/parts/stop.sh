# Ends a recording and removes a spool.

# Removes the given files, which say what is wanted, and notifies the recorder.
unwant() {
  rm -f "$@"
  if is_alive; then kill -USR2 "$recorder" 2>/dev/null; fi
}

# If the recorder was killed, ends its engine, because nothing else would.
bury() {
  load_state || return 0
  [ "$why" = interrupted ] || return 0
  end_tree "$child"
  rm -f running capturing wanted
}

# Ends the recording and has its recorder remove the spool. If the recorder is gone, removes it here.
take_away() {
  load_state
  # In this order: a recorder whose spool is not kept does not wait for the last packets.
  unwant kept wanted
  tries=0
  while [ -d "$spool" ] && is_alive && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    nap "$moment"
  done
  if [ -e running ]; then bury; fi
  [ ! -d "$spool" ] || destroy
}

# Waits until the recording has ended, at most 10 s.
stop() {
  load_state || fail 3 'no spool'
  unwant wanted
  clock
  begin=$now
  while [ -e running ] && [ $((now - begin)) -lt 10 ]; do
    if ! is_alive; then bury; fi
    nap "$moment"
    clock
  done
  [ ! -e running ] || fail 1 'the recorder does not end'
}

# Never works in a folder that is not a spool.
enter() {
  { cd "$spool" && [ -e state ]; } 2>/dev/null || fail 3 'no spool'
}
