#!/bin/sh
# Prints the counters of network namespaces once: count.sh COUNTERS TOKEN [PATH INODE]...
#
# COUNTERS is counters.sh. PATH leads to a network namespace, and INODE is its expected inode. Prints a section
# `counters INODE` for each namespace.
counters=$1 token=$2
shift 2

section() { printf '\n@%s %s\n' "$token" "$*"; }

nsenter=nsenter
# busybox's shell may prefer its own applet.
for folder in $(echo "$PATH" | tr : ' '); do
  if [ -x "$folder/nsenter" ]; then
    nsenter=$folder/nsenter
    break
  fi
done
while [ $# -gt 1 ]; do
  case $1 in
    */ns/net) link=$(readlink "$1") ;;
    *) link="net:[$2]" ;;
  esac
  if [ "$link" = "net:[$2]" ]; then
    section counters "$2"
    "$nsenter" -n"$1" sh -c "$counters" 2>/dev/null
  fi
  shift 2
done
section end
