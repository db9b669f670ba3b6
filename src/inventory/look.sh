# Lists the processes of this container but for ourselves: the main one as `main PID`, what a user runs
# in a shell as `shell`, others by name. With a word as argument, the main one is asked to end:
# look.sh [end]
#
# A process is of this container when it is in our mount namespace: pods may share their processes.
main=
oldest=
for process in /proc/[0-9]*; do
  # shellcheck disable=SC3013 # dash and busybox ash support -ef
  [ "$process/ns/mnt" -ef /proc/self/ns/mnt ] || continue
  pid=${process#/proc/}
  read -r stat 2>/dev/null <"$process/stat" || continue
  name=${stat#*\(}
  name=${name%\)*}
  # shellcheck disable=SC2086 # a list of numbers
  set -- "${1-}" ${stat##*\) }
  # The main process was there first; the field is its start, in ticks since the node's.
  if [ -z "$oldest" ] || [ "${21}" -lt "$oldest" ]; then
    main=$pid
    oldest=${21}
  fi
  [ "$pid" -eq "$$" ] && continue
  mark=
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in *NETDEBUG_SHELL=*) mark=shell ;; esac
  done 2>/dev/null <"$process/environ"
  echo "${mark:-$name}"
done
echo "main $main"
if [ "${1-}" = end ]; then kill -TERM "$main"; fi
