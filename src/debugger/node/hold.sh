# The main process of a pod on a node: hold.sh FIND PORTS ON_FAILURE COUNT [POD_UID... -- CONTAINER_ID...] COMMAND...
#
# Holds the network of a pod open as descriptor 9, so that programs always enter the same network, even if the pod's
# processes exit. COUNT words identify the pod. If COUNT is 0, the network is the node's, which is also our own. Writes
# the result to /netdebug-place: the pid or, for the node's network, the ports; otherwise the reason. Then executes
# COMMAND. If no network was found and ON_FAILURE is `leave`, exits instead, with find.sh's exit codes or with 127 if
# nsenter is missing; with `stay`, the client can read the reason. Kubernetes halves doubled dollar signs in a
# container's command, so this script must not contain any.
find=$1 ports=$2 on_failure=$3 count=$4
shift 4
code=0
report() {
  printf '%s\n' "$@" >/netdebug-place.new
  mv /netdebug-place.new /netdebug-place
}

if [ "$count" -eq 0 ]; then
  # shellcheck disable=SC2046,SC2005 # word splitting is intended
  report "ports $(echo $(sh -c "$ports" ports /proc))"
elif ! command -v nsenter >/dev/null; then
  report 'missing nsenter'
  code=127
else
  # Our own id among the node's processes: the shell itself opens this file.
  IFS=' ' read -r self _ </proc/self/stat
  tries=20
  while
    pid=$(sh -c "$find" find /proc "$count" "$@")
    code=$?
    [ "$code" -eq 3 ] && [ "$tries" -gt 0 ]
  do
    sleep 0.1 2>/dev/null || sleep 1
    tries=$((tries - 1))
  done
  # A failed redirection would end the shell, except on a compound command.
  if [ "$code" -eq 0 ] && { :; } <"/proc/$pid/ns/net"; then
    exec 9<"/proc/$pid/ns/net"
    report "pid $self"
  elif [ "$code" -eq 3 ]; then
    report nowhere
  else
    profile=''
    { IFS= read -r profile </proc/self/attr/current; } 2>/dev/null
    report "denied $profile"
    code=4
  fi
fi
if [ "$on_failure" = leave ] && [ "$code" -ne 0 ]; then exit "$code"; fi
shift "$count"
exec "$@"
