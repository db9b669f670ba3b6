# Runs a command in a network namespace: enterNamespace.sh INODE PATH COMMAND...
#
# Opens the file before checking it, because a process may exit and its id may be reused.
inode=$1
exec 9<"$2" || exit
shift 2
# Not readlink: for a mount it returns the path.
link=$(ls -diL /proc/self/fd/9)
if [ "${link%% */proc*}" != "$inode" ]; then
  echo "the network namespace $inode no longer exists" >&2
  exit 1
fi
exec nsenter -n/proc/self/fd/9 -- sh -c 'exec 9<&-; exec "$@"' sh "$@"
