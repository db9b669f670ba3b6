# The verbs that read a spool: list, copy, filter, sum.

list() {
  if [ -n "$flush" ]; then flush; fi
  ended=
  [ -e running ] || ended=1
  load_ring
  # A recorder that was killed writes no more, although the file `running` still exists.
  [ "$phase" != ended ] || ended=1
  printf '%s' "$text" | while read -r field value; do echo "state $field $value"; done
  number=$first
  # shellcheck disable=SC2086 # word splitting is intended
  set -- $names
  {
    if [ $# -eq 0 ]; then
      :
    elif stat -c %s . >/dev/null 2>&1; then
      stat -c '%s %Y %n' "$@" 2>/dev/null
    else
      # Without stat, modification times are not available as numbers.
      # shellcheck disable=SC2012 # names hold no spaces
      ls -n "$@" 2>/dev/null | while read -r _ _ _ _ size _ _ _ file; do echo "$size - $file"; done
    fi
  } | while read -r size time file; do
    while [ $# -gt 0 ] && [ "$1" != "$file" ]; do
      shift
      number=$((number + 1))
    done
    [ $# -gt 0 ] || break
    file_state=closed
    if [ $# -eq 1 ] && [ -z "$ended" ]; then file_state=open; fi
    echo "file $number $size $time $file_state ${file#ring/}"
  done
  read_free_space
  echo "free ${free:-0}"
  for tool in tshark tcpdump gzip zstd; do
    if command -v "$tool" >/dev/null; then echo "tool $tool"; fi
  done
  [ -z "$ended" ] || print_log
  echo ok
}

# Waits until the engine has written the packets that have arrived so far. tcpdump's counts show that, except on lo,
# where the kernel counts each packet twice. dumpcap gets packets from the kernel every 250 ms, and then keeps them in a
# buffer for up to 750 ms, even while it sleeps. If it is busy after that, or if tcpdump does not answer, 2 s are enough
# unless the node is very busy.
flush() {
  load_state || fail 3 'no spool'
  if [ ! -e running ]; then return; fi
  if [ "$engine" = tcpdump ]; then
    clock
    begin=$now
    if await_delivery; then return; fi
    clock
    if [ $((now - begin)) -ge 2 ]; then return; fi
  else
    delay=1.2
    [ "$min_sleep" != 1 ] || delay=2
    nap "$delay"
    if is_asleep "$engine_pid"; then return; fi
  fi
  nap 2
}

# Whether a process and its descendants are all waiting for something.
is_asleep() {
  tree=
  tree_of "$1"
  for process in $tree; do
    read -r line 2>/dev/null <"/proc/$process/stat" || continue
    case ${line##*) } in S*) ;; *) return 1 ;; esac
  done
}

# Sets name to the name of file number $1, and keeps the spool for its readers.
find_file() {
  load_ring
  true >lease
  name_of "$1" || fail 4 "file $1 is gone"
}

# Sends parts of files, SEQ:OFFSET:LENGTH each, as frames: `data SEQ OFFSET LENGTH` and that many bytes, `gone SEQ`, or
# `short SEQ` if the file ends earlier. `over` marks the end: output without it was cut off.
copy() {
  load_ring
  true >lease
  case $pack in
    '') copy_parts ;;
    gzip) copy_parts | gzip -1 ;;
    zstd) copy_parts | zstd -q -1 ;;
    *) fail 2 "not a program: $pack" ;;
  esac
}

copy_parts() {
  for request in $parts; do
    seq=${request%%:*} length=${request##*:}
    offset=${request#*:}
    offset=${offset%:*}
    if name_of "$seq" && { true <"$name"; } 2>/dev/null; then
      copy_part 4<"$name" || fail 5 "file $seq cannot be read"
    else
      echo "gone $seq"
    fi
  done
  echo over
}

# Sends `length` bytes of descriptor 4 from `offset` on.
copy_part() {
  # shellcheck disable=SC2046 # word splitting is intended
  set -- $(ls -nL /proc/self/fd/4)
  if [ "$5" -lt $((offset + length)) ]; then
    echo "short $seq"
    return
  fi
  echo "data $seq $offset $length"
  seek 2>/dev/null || return
  # Sending to the end of the file is faster, but not possible for the newest file, which may grow.
  if [ "$seq" -lt "$newest" ] && [ "$5" -eq $((offset + length)) ]; then
    cat <&4
    return
  fi
  [ "$length" -lt 65536 ] || dd bs=65536 count=$((length / 65536)) <&4 2>/dev/null || return
  length=$((length % 65536))
  [ "$length" -eq 0 ] || dd bs="$length" count=1 <&4 2>/dev/null
}

# Prints the packets of file `seq` that match a display filter or an expression, as a pcap file compressed with gzip,
# whose checksum verifies it. The programs read the whole file, even if the recorder was stopped in its last packet.
filter() {
  load_ring
  true >lease
  name_of "$seq" || fail 4 "file $seq is gone"
  exec 5>&1
  status=$({ { filter_file 5>&-; echo $? >&3; } | gzip -1 3>&- >&5; } 3>&1)
  [ -e "$name" ] || fail 4 "file $seq is gone"
  [ "$status" = 0 ] || fail 6 "the filter ended with exit code $status"
}

filter_file() {
  if [ -n "$display" ]; then
    # Linux's default port for VXLAN, from before the official one was assigned.
    tshark -n -r "$name" -d udp.port==8472,vxlan -Y "$display" -F pcap -w - 3>&-
  elif [ "$zroot" = 1 ]; then
    tcpdump -Z root -r "$name" -w - -- "$expression" 3>&-
  else
    tcpdump -r "$name" -w - -- "$expression" 3>&-
  fi
}

sum() {
  result=0
  for seq in $seqs; do
    (find_file "$seq" && print_checksum <"$name") || result=4
  done
  return "$result"
}

print_checksum() {
  # On processors with SHA instructions, openssl needs a sixth of the CPU time, which is the target's.
  if command -v openssl >/dev/null; then
    set -- "$(openssl dgst -sha256 -r)"
  elif command -v sha256sum >/dev/null; then
    set -- "$(sha256sum)"
  else
    echo unsupported
    return
  fi
  echo "sum $seq ${1%% *}"
}
