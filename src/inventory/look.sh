# Lists the processes of this container except this script: programs that a user runs in a shell as `shell`, others
# by name, and finally the main process as `main PID`. With the argument `end`, also asks the main process to end:
# look.sh [end]
#
# Containers of a pod may share a PID namespace, so processes with the same mount namespace as this script count.
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
  # The main process was started first. The field is the start time in ticks since the node's boot.
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
