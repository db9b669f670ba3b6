#!/bin/sh
# Watches devices until it gets SIGUSR1: watch.sh COUNTERS TOKEN SECONDS USER SNAP FILTER [PATH INODE DEVICE]...
#
# COUNTERS is counters.sh. PATH leads to a network namespace, and INODE is its expected inode. USER is the argument
# of tcpdump's -Z, or `-` for none. Prints a section `before INODE` with the counters of each namespace, then
# `ready`. After SIGUSR1, or after SECONDS, it prints `after INODE` for each namespace, and `packets NUMBER` with a
# capture file for each device that could be watched. Nothing is put into promiscuous mode.
counters=$1 token=$2 seconds=$3 user=$4 snap=$5 filter=$6
shift 6
set -f
stop=0
trap 'stop=1' USR1

section() { printf '\n@%s %s\n' "$token" "$*"; }

. ../findProgram.sh

have nsenter; nsenter=$program
have tcpdump; tcpdump=$program
work=$(mktemp -d) || exit
watchers=''
# However this script ends, no watcher and no file remains.
# shellcheck disable=SC2086 # a list of numbers
trap 'kill $watchers 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP

is_same_namespace() {
  case $1 in
    */ns/net) [ "$(readlink "$1")" = "net:[$2]" ] ;;
    *) [ -e "$1" ] ;;
  esac
}

# Prints the counters of each namespace once: count_all SECTION PATH INODE DEVICE...
count_all() {
  name=$1 counted=' '
  shift
  while [ $# -gt 2 ]; do
    case $counted in
      *" $2 "*) ;;
      *)
        counted="$counted$2 "
        if is_same_namespace "$1" "$2"; then
          section "$name" "$2"
          "$nsenter" -n"$1" sh -c "$counters" 2>/dev/null
        fi
        ;;
    esac
    shift 3
  done
}

if [ -z "$tcpdump" ]; then
  section missing tcpdump
  section end
  exit 0
fi
count_all before "$@"
number=0
for word in "$@"; do
  case $((number % 3)) in
    0) path=$word ;;
    1) inode=$word ;;
    2)
      index=$((number / 3))
      : >"$work/messages$index"
      if is_same_namespace "$path" "$inode"; then
        if [ "$user" = - ]; then
          "$nsenter" -n"$path" "$tcpdump" -n -p -U --immediate-mode -B 4096 -s "$snap" -i "$word" -w "$work/packets$index" -- "$filter" \
            2>"$work/messages$index" >/dev/null &
        else
          "$nsenter" -n"$path" "$tcpdump" -n -p -U --immediate-mode -B 4096 -s "$snap" -Z "$user" -i "$word" -w "$work/packets$index" -- "$filter" \
            2>"$work/messages$index" >/dev/null &
        fi
        watchers="$watchers $!"
      fi
      ;;
  esac
  number=$((number + 1))
done
count=$((number / 3))

# Wait until each watcher is ready or has ended.
tries=100
while [ "$tries" -gt 0 ] && [ "$stop" -eq 0 ]; do
  waiting=0 index=0
  while [ "$index" -lt "$count" ]; do
    if ! grep -q 'listening on' "$work/messages$index" && ! grep -q '^tcpdump: ' "$work/messages$index"; then waiting=1; fi
    index=$((index + 1))
  done
  if [ "$waiting" -eq 0 ]; then break; fi
  tries=$((tries - 1))
  sleep 0.1 2>/dev/null || sleep 1
done
section ready
ticks=$((seconds * 5))
while [ "$stop" -eq 0 ] && [ "$ticks" -gt 0 ]; do
  ticks=$((ticks - 1))
  sleep 0.2 2>/dev/null || sleep 1
done
# On a busy node, tcpdump may not have read all packets that the kernel holds for it, and would lose them when it
# ends. USR1 makes it print its count: ask until it has printed the same count twice.
all_read() {
  # shellcheck disable=SC2086 # a list of numbers
  kill -USR1 $watchers 2>/dev/null
  sleep 0.1 2>/dev/null || sleep 1
  unread=0 index=0
  while [ "$index" -lt "$count" ]; do
    if grep -q 'listening on' "$work/messages$index"; then
      sed -n 's/^tcpdump: \([0-9]*\) packets\{0,1\} captured.*/\1/p' "$work/messages$index" >"$work/counts$index"
      answers=$(grep -c '' "$work/counts$index")
      captured=$(tail -n 1 "$work/counts$index")
      eval "last=\${last$index:-}"
      # shellcheck disable=SC2154 # by the eval
      if [ "$last" != "$((answers - 1)) $captured" ]; then unread=1; fi
      eval "last$index='$answers $captured'"
    fi
    index=$((index + 1))
  done
  return "$unread"
}
tries=30
while ! all_read && [ "$tries" -gt 0 ]; do tries=$((tries - 1)); done
# shellcheck disable=SC2086 # a list of numbers
kill $watchers 2>/dev/null
# shellcheck disable=SC2086 # a list of numbers
wait $watchers 2>/dev/null
watchers=''
count_all after "$@"
index=0
while [ "$index" -lt "$count" ]; do
  section said "$index"
  head -c 400 "$work/messages$index"
  if [ -s "$work/packets$index" ]; then
    section packets "$index"
    head -c 2000000 "$work/packets$index"
  fi
  index=$((index + 1))
done
section end
