# Prints where a network namespace of the node is entered, `INODE PATH`: findNamespace.sh INODE|NAME
#
# By a process that is in it, else by a mount of it, whose name is the last part of its path. Prints nothing where
# there is none.
wanted=$1
mounts() {
  grep -hH ' net:\[[0-9]*\] .* - nsfs ' /proc/[0-9]*/mountinfo 2>/dev/null |
    sed -n 's|^/proc/\([0-9]*\)/mountinfo:[0-9]* [0-9]* [0-9:]* net:\[\([0-9]*\)\] \([^ \\]*\) .*|\2 /proc/\1/root\3|p'
}
case $wanted in
  *[!0-9]*)
    mounts | while read -r inode path; do
      if [ "${path##*/}" = "$wanted" ]; then
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
      mounts
    } | while read -r inode path; do
      if [ "$inode" = "$wanted" ]; then
        echo "$inode $path"
        break
      fi
    done
    ;;
esac
