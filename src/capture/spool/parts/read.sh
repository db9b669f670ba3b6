# Answers about what is in the spool.

list() {
  ended=
  [ -e running ] || ended=1
  know
  # A recorder that was killed writes no more, though its state does not say so.
  [ "$phase" != ended ] || ended=1
  printf '%s' "$text" | while read -r field value; do echo "state $field $value"; done
  number=$first
  # shellcheck disable=SC2086 # words are wanted
  set -- $names
  {
    if [ $# -eq 0 ]; then
      :
    elif stat -c %s . >/dev/null 2>&1; then
      stat -c '%s %Y %n' "$@" 2>/dev/null
    else
      # Not every image can tell times as numbers.
      # shellcheck disable=SC2012 # names hold no spaces
      ls -n "$@" 2>/dev/null | while read -r _ _ _ _ size _ _ _ file; do echo "$size - $file"; done
    fi
  } | while read -r size time file; do
    while [ $# -gt 0 ] && [ "$1" != "$file" ]; do
      shift
      number=$((number + 1))
    done
    [ $# -gt 0 ] || break
    growth=closed
    if [ $# -eq 1 ] && [ -z "$ended" ]; then growth=open; fi
    echo "file $number $size $time $growth ${file#ring/}"
  done
  free_space
  echo "free ${free:-0}"
  for tool in tshark tcpdump gzip zstd; do
    if command -v "$tool" >/dev/null; then echo "tool $tool"; fi
  done
  [ -z "$ended" ] || say_log
  echo ok
}

# Sets name to that of the file with the number $1 and keeps the spool for its readers.
find() {
  know
  true >lease
  name_of "$1" || fail 4 "file $1 is gone"
}

# Sends parts of files, SEQ:OFFSET:LENGTH each, as frames: `data SEQ OFFSET LENGTH` and that many bytes, or `gone SEQ`, or
# `short SEQ` where the file ends earlier; `over` at the end. What ends before that was cut.
copy() {
  know
  true >lease
  case $pack in
    '') copy_parts ;;
    gzip) copy_parts | gzip -1 ;;
    zstd) copy_parts | zstd -q -1 ;;
    *) fail 2 "not a program: $pack" ;;
  esac
}

copy_parts() {
  for wanted in $parts; do
    seq=${wanted%%:*} length=${wanted##*:}
    offset=${wanted#*:}
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
  # shellcheck disable=SC2046 # words are wanted
  set -- $(ls -nL /proc/self/fd/4)
  if [ "$5" -lt $((offset + length)) ]; then
    echo "short $seq"
    return
  fi
  echo "data $seq $offset $length"
  seek 2>/dev/null || return
  # To its end, which is faster: but the newest file may grow while it is sent.
  if [ "$seq" -lt "$newest" ] && [ "$5" -eq $((offset + length)) ]; then
    cat <&4
    return
  fi
  [ "$length" -lt 65536 ] || dd bs=65536 count=$((length / 65536)) <&4 2>/dev/null || return
  length=$((length % 65536))
  [ "$length" -eq 0 ] || dd bs="$length" count=1 <&4 2>/dev/null
}

# Prints the packets of file `seq` that match a display filter or an expression: a pcap file, compressed with gzip, whose
# checksum proves it. The programs go through the whole file, also where the recorder was ended within its last packet.
filter() {
  know
  true >lease
  name_of "$seq" || fail 4 "file $seq is gone"
  exec 5>&1
  status=$({ { filter_file 5>&-; echo $? >&3; } | gzip -1 3>&- >&5; } 3>&1)
  [ -e "$name" ] || fail 4 "file $seq is gone"
  [ "$status" = 0 ] || fail 6 "the filter ended with exit code $status"
}

filter_file() {
  if [ -n "$display" ]; then
    # Linux's port of VXLAN from before there was an official one.
    tshark -n -r "$name" -d udp.port==8472,vxlan -Y "$display" -F pcap -w - 3>&-
  elif [ "$zroot" = 1 ]; then
    tcpdump -Z root -r "$name" -w - -- "$expression" 3>&-
  else
    tcpdump -r "$name" -w - -- "$expression" 3>&-
  fi
}

sum() {
  gone=0
  for seq in $seqs; do
    (find "$seq" && add_up <"$name") || gone=4
  done
  return "$gone"
}

add_up() {
  # Where the processor has instructions for it, openssl takes a sixth of the time, the target's time.
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
