# The program that records: dumpcap or tcpdump.

# Limits the kernel's buffer, which uses the node's memory and is not covered by the pod's limits: at most a hundredth
# of the available memory, but at least tcpdump's default (2 MiB).
limit_buffer() {
  while read -r name value _; do
    if [ "$name" = MemAvailable: ]; then
      share=$((value / 100))
      [ "$share" -ge 2048 ] || share=2048
      [ "$buffer" -le "$share" ] || buffer=$share
      return
    fi
  done 2>/dev/null </proc/meminfo
}

# Starts the engine and waits until it has its first file and, if no device was requested, has named its device. After a
# restart, the new files sort after the previous ones.
start_engine() {
  [ -z "$buffer" ] || limit_buffer
  case $engine-$newest in
    dumpcap-0) prefix=ring/d ;;
    dumpcap-*) prefix=$(printf 'ring/e%09d' "$newest") ;;
    *-0) prefix=ring/t ;;
    *) prefix=$(printf 'ring/u%09d_' "$newest") ;;
  esac
  remaining=''
  [ -z "$count" ] || remaining=$((count - earlier_captured))
  if [ "$engine" = dumpcap ]; then
    set -- dumpcap -q -P ${device:+-i "$device"} ${snaplen:+-s "$snaplen"} ${remaining:+-c "$remaining"}
    # Like tcpdump: records the interface of each packet.
    [ "$device" = any ] && set -- "$@" -y LINUX_SLL2
    set -- "$@" ${buffer:+-B "$(((buffer + 1023) / 1024))"} -b "filesize:${filekb:-${maxkb:-2000000000}}"
    set -- "$@" ${age:+-b "duration:$age"} ${files:+-b "files:$files"}
    # A bound that holds even if this recorder is killed. The recorder's own check is more precise, but less frequent.
    [ -z "$maxkb" ] || set -- "$@" -a "files:$(((maxkb + ${filekb:-$maxkb} - 1) / ${filekb:-$maxkb}))"
    set -- "$@" -w "$prefix.pcap" ${expression:+-f "$expression"}
  else
    # tcpdump supports only whole megabytes.
    megabytes=${filekb:-$maxkb}
    if [ -n "$megabytes" ]; then
      megabytes=$((megabytes / 1000))
      [ "$megabytes" -gt 0 ] || megabytes=1
      filekb=$((megabytes * 1000))
    fi
    pattern=$prefix
    set -- tcpdump -n -U ${device:+-i "$device"} ${snaplen:+-s "$snaplen"} ${remaining:+-c "$remaining"}
    set -- "$@" ${buffer:+-B "$buffer"} ${megabytes:+-C "$megabytes" -W 1000000000}
    if [ -n "$age" ]; then
      pattern=$pattern%s.
      set -- "$@" -G "$age"
    fi
    [ "$zroot" = 1 ] && set -- "$@" -Z root
    [ -z "$age$megabytes" ] || set -- "$@" -z ./turn
    set -- "$@" -w "$pattern" ${expression:+-- "$expression"}
  fi
  argv=$(printf '%.2000s' "$*" | tr '\n' ' ')
  "$@" </dev/null >/dev/null 2>>log &
  engine_pid=$!
  clock
  launch_time=$now naps=0
  while ! { has_data "$prefix" && knows_device; } && kill -0 "$engine_pid" 2>/dev/null &&
    [ $((now - launch_time)) -lt 10 ]; do
    if [ ! -e wanted ] || [ -n "$terminated" ]; then break; fi
    nap_longer
    clock
  done
  has_data "$prefix"
}

# Whether the device is known. On a busy node, tcpdump creates its first file long before it names its device.
knows_device() {
  [ -n "$device" ] && return
  parse_log log
  [ "$logged_device" != - ]
}

# Waits, at most 4 s, until tcpdump has written everything that has passed the filter by now: on a busy machine it asks
# the kernel late. Its answer to USR1 contains both counts. Fails if tcpdump does not confirm it.
await_delivery() {
  if [ "$engine" != tcpdump ] || ! catches_usr1 "$engine_pid"; then return 1; fi
  parse_progress
  earlier_answers=$answers goal='' tries=8 pause=$min_sleep
  while [ "$tries" -gt 0 ] && kill -USR1 "$engine_pid" 2>/dev/null; do
    tries=$((tries - 1)) signaled=''
    nap "$pause"
    parse_progress
    # The recorder may have emptied the log.
    [ "$answers" -ge "$earlier_answers" ] || earlier_answers=0
    if [ "$answers" -gt "$earlier_answers" ]; then
      goal=${goal:-$matched_so_far}
      if [ "$captured_so_far" -ge "$goal" ]; then return; fi
    fi
    [ "$min_sleep" = 1 ] || pause=0.5
  done
  return 1
}

# Whether there is a non-empty file whose name begins with $1.
has_data() {
  for name in "$1"*; do
    [ -s "$name" ] && return
  done
  return 1
}
