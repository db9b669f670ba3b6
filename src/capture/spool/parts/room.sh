# How much may be written to the disk and in the pod.

# Sets free, the KiB that may still be written here, and capacity, the KiB of the whole file system.
read_free_space() {
  # shellcheck disable=SC2046 # word splitting is intended
  set -- $(df -kP . 2>/dev/null)
  free='' capacity=0
  while [ $# -gt 3 ]; do
    case $4 in *%) capacity=$1 free=$3 ;; esac
    shift
  done
}

# The maximum kB of a ring of $2 files of $1 kB: one more file while it rotates, a packet of 64 KiB more in each file,
# and 128 KiB of state and messages. The client computes the same (ringBytes in ringPlan.ts).
ring_size() {
  ring_size=$((($2 + 1) * ($1 + 66) + 132))
}

# Whether the ring fits on the disk and, together with the other spools here, into the pod's share. A tenth of the disk
# stays free, because below that kubelets start to evict pods (nodefs.available). On a large disk 4 GB stay free, more
# than captures can fill before the next check.
ring_fits() {
  [ -z "$floorkb" ] || return 0
  read_free_space
  floorkb=$((capacity / 10))
  [ "$floorkb" -lt 4000000 ] || floorkb=4000000
  ring_size "${filekb:-${maxkb:-0}}" "${files:-1}"
  needed=$ring_size
  [ -z "$free" ] || [ $((free - floorkb)) -ge "$needed" ] || return 1
  [ -n "$roomkb" ] || return 0
  needed_by_all=$needed
  for other in ../*/ring; do
    # shellcheck disable=SC3013 # dash and busybox ash support -ef
    [ "$other" -ef ring ] && continue
    other_size=$needed other_filekb=''
    while read -r name value; do
      case $name in
        filekb) other_filekb=$value ;;
        files)
          ring_size "$other_filekb" "$value"
          other_size=$ring_size
          break
          ;;
      esac
    done 2>/dev/null <"${other%ring}state"
    needed_by_all=$((needed_by_all + other_size))
  done
  if [ "$needed_by_all" -gt "$roomkb" ]; then
    no_room_message="the captures in this pod would take $needed_by_all kB together, more than its limits allow: $roomkb kB"
    return 1
  fi
}
