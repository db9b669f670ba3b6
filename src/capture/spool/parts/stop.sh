# Ends a recording, and removes a spool.

# Removes what says that something is wanted, and lets the recorder know.
unwant() {
  rm -f "$@"
  if is_alive; then kill -USR2 "$recorder" 2>/dev/null; fi
}

# The recorder was killed: nobody else would end its engine.
bury() {
  load_state || return 0
  [ "$why" = interrupted ] || return 0
  end_tree "$child"
  rm -f running capturing wanted
}

# Ends what records, and has the spool removed: by its recorder, or here where that is gone.
take_away() {
  load_state
  # In this order: a recorder that ends for nobody does not wait for the last packets.
  unwant kept wanted
  tries=0
  while [ -d "$spool" ] && is_alive && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    nap "$moment"
  done
  if [ -e running ]; then bury; fi
  [ ! -d "$spool" ] || destroy
}

# Waits until the recording has ended, 10 s at most.
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

# Engines write what they get within half a second; the kernel gives it to them within one.
flush() {
  load_state || fail 3 'no spool'
  if [ -e running ]; then nap 2; fi
}

# Nothing is done in a folder that is not a spool.
enter() {
  { cd "$spool" && [ -e state ]; } 2>/dev/null || fail 3 'no spool'
}
