# The main process of a pod on a node: hold.sh FIND PORTS ELSE COUNT [POD_UID... -- CONTAINER_ID...] COMMAND...
#
# Holds the network of a pod open as descriptor 9, so that programs that enter it cannot enter another one,
# whatever becomes of the pod's processes; COUNT words say which. With none the network is the node's, and ours.
# What was found stands in /netdebug-place: pid and, of the node's network, ports; or why not.
# Then it is COMMAND. Where no network was found it ends instead when ELSE is `leave`, with find.sh's exit
# codes, or 127 without nsenter; `stay` lets the client read why.
# Kubernetes halves doubled dollar signs in a container's command: none may stand here.
find=$1 ports=$2 otherwise=$3 count=$4
shift 4
code=0
place() {
  printf '%s\n' "$@" >/netdebug-place.new
  mv /netdebug-place.new /netdebug-place
}

if [ "$count" -eq 0 ]; then
  # shellcheck disable=SC2046,SC2005 # a list of words
  place "ports $(echo $(sh -c "$ports" ports /proc))"
elif ! command -v nsenter >/dev/null; then
  place 'missing nsenter'
  code=127
else
  # Its own id among the node's processes: the shell itself opens this file.
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
  # A redirection that fails ends the shell, unless it is that of a compound command.
  if [ "$code" -eq 0 ] && { :; } <"/proc/$pid/ns/net"; then
    exec 9<"/proc/$pid/ns/net"
    place "pid $self"
  elif [ "$code" -eq 3 ]; then
    place nowhere
  else
    profile=''
    { IFS= read -r profile </proc/self/attr/current; } 2>/dev/null
    place "denied $profile"
    code=4
  fi
fi
if [ "$otherwise" = leave ] && [ "$code" -ne 0 ]; then exit "$code"; fi
shift "$count"
exec "$@"
