#!/bin/sh
# Captures a device of a network namespace to standard output: record.sh PATH INODE DEVICE USER SNAP FILTER
#
# PATH leads to the namespace, and INODE is its expected inode. USER is the argument of tcpdump's -Z, or `-` for
# none. The device is not put into promiscuous mode.
path=$1 inode=$2 device=$3 user=$4 snap=$5 filter=$6

. ../findProgram.sh

case $path in
  */ns/net)
    if [ "$(readlink "$path")" != "net:[$inode]" ]; then
      echo 'its network namespace no longer exists' >&2
      exit 1
    fi
    ;;
esac
have nsenter; nsenter=$program
have tcpdump; tcpdump=$program
if [ -z "$tcpdump" ]; then
  echo 'the image has no tcpdump' >&2
  exit 1
fi
if [ "$user" = - ]; then set --; else set -- -Z "$user"; fi
exec "$nsenter" -n"$path" "$tcpdump" -n -p -U --immediate-mode -B 16384 -s "$snap" "$@" -i "$device" -w - -- "$filter"
