# Runs a command in a network namespace: enterNamespace.sh INODE PATH COMMAND...
#
# The file is held open and then looked at, since a process may have left its id to another meanwhile.
inode=$1
exec 9<"$2" || exit
shift 2
if [ "$(readlink /proc/self/fd/9)" != "net:[$inode]" ]; then
  echo "the network namespace $inode is gone" >&2
  exit 1
fi
exec nsenter -n/proc/self/fd/9 -- sh -c 'exec 9<&-; exec "$@"' sh "$@"
