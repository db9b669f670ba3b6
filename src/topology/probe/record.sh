#!/bin/sh
# Records a device of a network namespace to standard output: record.sh PATH INODE DEVICE USER SNAP FILTER
#
# PATH leads to the namespace, INODE is the one that it must be. USER is what tcpdump's -Z is given, or `-`. The device is
# not put into promiscuous mode.
path=$1 inode=$2 device=$3 user=$4 snap=$5 filter=$6

program() {
  # shellcheck disable=SC2086 # a list of folders
  for folder in $(echo "$PATH" | tr : ' '); do
    if [ -x "$folder/$1" ]; then
      echo "$folder/$1"
      return
    fi
  done
}

case $path in
  */ns/net)
    if [ "$(readlink "$path")" != "net:[$inode]" ]; then
      echo 'its namespace is gone' >&2
      exit 1
    fi
    ;;
esac
nsenter=$(program nsenter)
tcpdump=$(program tcpdump)
if [ -z "$tcpdump" ]; then
  echo 'the image has no tcpdump' >&2
  exit 1
fi
if [ "$user" = - ]; then set --; else set -- -Z "$user"; fi
exec "$nsenter" -n"$path" "$tcpdump" -n -p -U --immediate-mode -B 16384 -s "$snap" "$@" -i "$device" -w - -- "$filter"
