# Runs a command in a network namespace: enterNamespace.sh INODE PATH COMMAND...
#
# The file is held open and then looked at, since a process may have left its id to another meanwhile.
inode=$1
exec 9<"$2" || exit
shift 2
# Not readlink: of a mount it gives the path.
is=$(ls -diL /proc/self/fd/9)
if [ "${is%% */proc*}" != "$inode" ]; then
  echo "the network namespace $inode is gone" >&2
  exit 1
fi
exec nsenter -n/proc/self/fd/9 -- sh -c 'exec 9<&-; exec "$@"' sh "$@"
