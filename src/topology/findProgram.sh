# Sets $program to the path of one of the image's programs, or to nothing. busybox's shell may prefer its own ip
# and nsenter, which print no JSON. Starts no process, because a node may have hundreds of namespaces.
have() {
  program='' folders=$PATH:
  while [ -n "$folders" ]; do
    if [ -x "${folders%%:*}/$1" ]; then
      program=${folders%%:*}/$1
      return 0
    fi
    folders=${folders#*:}
  done
  return 1
}
