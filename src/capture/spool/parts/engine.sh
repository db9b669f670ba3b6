# The program that records: dumpcap or tcpdump.

# The kernel's buffer is the node's memory, which no limit of the pod counts: a hundredth of what is free
# at most, and what tcpdump takes by itself (2 MiB) at least.
bound_buffer() {
  while read -r name value _; do
    if [ "$name" = MemAvailable: ]; then
      share=$((value / 100))
      [ "$share" -ge 2048 ] || share=2048
      [ "$buffer" -le "$share" ] || buffer=$share
      return
    fi
  done 2>/dev/null </proc/meminfo
}

begin_engine() {
  [ -z "$buffer" ] || bound_buffer
  if [ "$engine" = dumpcap ]; then
    set -- dumpcap -q -P ${device:+-i "$device"} ${snaplen:+-s "$snaplen"} ${count:+-c "$count"}
    # As tcpdump does it: with the interface of each packet.
    [ "$device" = any ] && set -- "$@" -y LINUX_SLL2
    set -- "$@" ${buffer:+-B "$(((buffer + 1023) / 1024))"} -b "filesize:${filekb:-${maxkb:-2000000000}}"
    set -- "$@" ${age:+-b "duration:$age"} ${files:+-b "files:$files"}
    # What it must not write more than, whatever becomes of us. Our own look is finer, but rarer.
    [ -z "$maxkb" ] || set -- "$@" -a "files:$(((maxkb + ${filekb:-$maxkb} - 1) / ${filekb:-$maxkb}))"
    set -- "$@" -w ring/d.pcap ${expression:+-f "$expression"}
  else
    # Megabytes are the least it knows.
    megabytes=${filekb:-$maxkb}
    if [ -n "$megabytes" ]; then
      megabytes=$((megabytes / 1000))
      [ "$megabytes" -gt 0 ] || megabytes=1
      filekb=$((megabytes * 1000))
    fi
    pattern=ring/t
    set -- tcpdump -n -U ${device:+-i "$device"} ${snaplen:+-s "$snaplen"} ${count:+-c "$count"}
    set -- "$@" ${buffer:+-B "$buffer"} ${megabytes:+-C "$megabytes" -W 1000000000}
    if [ -n "$age" ]; then
      pattern=ring/t%s.
      set -- "$@" -G "$age"
    fi
    [ "$zroot" = 1 ] && set -- "$@" -Z root
    [ -z "$age$megabytes" ] || set -- "$@" -z ./turn
    set -- "$@" -w "$pattern" ${expression:+-- "$expression"}
  fi
  argv=$(printf '%.2000s' "$*" | tr '\n' ' ')
  "$@" </dev/null >/dev/null 2>>log &
  child=$!
  clock
  begin=$now
  while ! has_begun && kill -0 "$child" 2>/dev/null && [ $((now - begin)) -lt 10 ]; do
    if [ ! -e wanted ] || [ -n "$terminated" ]; then break; fi
    nap "$moment"
    clock
  done
  has_begun
}

has_begun() {
  for name in ring/*; do
    [ -s "$name" ] && return
  done
  return 1
}
