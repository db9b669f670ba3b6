# Prints how to enter a network namespace of the node, as `INODE PATH`: findNamespace.sh INODE|NAME
#
# PATH is that of a process in the namespace, otherwise that of a mount of it; NAME is the last part of a mount's path.
# Prints nothing if there is no such namespace.
namespace=$1
list_mounts() {
  grep -hH ' net:\[[0-9]*\] .* - nsfs ' /proc/[0-9]*/mountinfo 2>/dev/null |
    sed -n 's|^/proc/\([0-9]*\)/mountinfo:[0-9]* [0-9]* [0-9:]* net:\[\([0-9]*\)\] \([^ \\]*\) .*|\2 /proc/\1/root\3|p'
}
case $namespace in
  *[!0-9]*)
    list_mounts | while read -r inode path; do
      if [ "${path##*/}" = "$namespace" ]; then
        echo "$inode $path"
        break
      fi
    done
    ;;
  *)
    {
      # shellcheck disable=SC2012 # only the links' ends are read
      ls -l /proc/[0-9]*/ns/net 2>/dev/null |
        sed -n 's|^.* \(/proc/[0-9]*/ns/net\) -> net:\[\([0-9]*\)\]$|\2 \1|p'
      list_mounts
    } | while read -r inode path; do
      if [ "$inode" = "$namespace" ]; then
        echo "$inode $path"
        break
      fi
    done
    ;;
esac
