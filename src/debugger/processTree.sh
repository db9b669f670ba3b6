# A process and all that descends from it. An image's program may be a script, which leaves what it started to
# others when it is ended.

# Adds $1 and all that descends from it to `tree`.
tree_of() {
  tree="$tree $1" offspring=
  # The line has no end, so read fails although it reads it.
  read -r offspring 2>/dev/null <"/proc/$1/task/$1/children"
  for descendant in $offspring; do tree_of "$descendant"; done
}

is_any_running() {
  for process; do
    kill -0 "$process" 2>/dev/null && return
  done
  return 1
}
