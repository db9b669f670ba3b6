#!/bin/sh
# Sends packets from a network namespace: send.sh TOKEN PATH INODE KIND ADDRESS PORT SOURCEPORT COUNT DATA SIZE
# [MESSAGE]...
#
# KIND is tcp (a connection that is closed at once), udp, icmp, or mtu (an echo request that must not be
# fragmented). DATA is a word of hexadecimal digits that identifies datagrams. Each MESSAGE is one ICMP message as
# octal escapes, which socat sends. Without socat, ping sends a message of its own: with DATA as pattern if it is
# iputils' ping, and with SIZE bytes for mtu. Prints a section `sent N CODE` for each packet, with the program's
# messages.
token=$1 path=$2 inode=$3 kind=$4 address=$5 port=$6 source=$7 count=$8 data=$9
shift 9
size=$1
shift

section() { printf '\n@%s %s\n' "$token" "$*"; }

. ../findProgram.sh

have nsenter; nsenter=$program
have socat; socat=$program
have nc; nc=$program
have bash; bash=$program
have ping; ping=$program

case $address in
  # IPPROTO_IPV6, IPV6_DONTFRAG (linux/in6.h). socat's mtudiscover only works for IPv4.
  *:*) family=6 bracketed="[$address]" raw=IP6-DATAGRAM icmp=58 dont_fragment=setsockopt-int=41:62:1 ;;
  *) family=4 bracketed=$address raw=IP4-DATAGRAM icmp=1 dont_fragment=mtudiscover=2 ;;
esac

inside() { "$nsenter" -n"$path" "$@"; }

# shellcheck disable=SC2016 # for another shell
connect() {
  if [ -n "$socat" ]; then
    inside "$socat" -u OPEN:/dev/null "TCP$family:$bracketed:$port,sourceport=$1,reuseaddr,connect-timeout=0.9"
  elif [ -n "$nc" ]; then
    inside timeout 1 "$nc" -w 1 -p "$1" "$address" "$port" </dev/null
  elif [ -n "$bash" ]; then
    inside timeout 1 "$bash" -c ': >"/dev/tcp/$0/$1"' "$address" "$port"
  else
    echo 'the image has no socat, nc or bash to connect with'
    return 127
  fi
}

# shellcheck disable=SC2016 # for another shell
datagram() {
  if [ -n "$socat" ]; then
    printf 'netdebug %s %s' "$data" "$2" | inside "$socat" -u - "UDP$family:$bracketed:$port,sourceport=$1"
  elif [ -n "$nc" ]; then
    printf 'netdebug %s %s' "$data" "$2" | inside timeout 1 "$nc" -u -w 1 -p "$1" "$address" "$port"
  elif [ -n "$bash" ]; then
    inside "$bash" -c 'printf "netdebug %s %s" "$2" "$3" >"/dev/udp/$0/$1"' "$address" "$port" "$data" "$2"
  else
    echo 'the image has no socat, nc or bash to send with'
    return 127
  fi
}

# echo_request MESSAGE [OPTION]
echo_request() {
  if [ -n "$socat" ]; then
    # shellcheck disable=SC2059 # nothing but escapes
    printf "$1" | inside "$socat" -u - "$raw:$bracketed:$icmp${2:+,$dont_fragment}"
  elif [ -z "$ping" ]; then
    echo 'the image has neither socat nor ping'
    return 127
  elif [ -z "${2:-}" ]; then
    # iputils' ping takes a pattern of 16 bytes, busybox's only of one.
    case $("$ping" -V 2>&1) in
      *iputils*) inside "$ping" -n -c 1 -W 1 -p "$data" "$address" ;;
      *) inside "$ping" -c 1 -W 1 "$address" ;;
    esac
  else
    case $("$ping" -V 2>&1) in
      *iputils*) inside "$ping" -n -M 'do' -c 1 -W 1 -p "$data" -s "$size" "$address" ;;
      *)
        echo 'the image has neither socat nor the ping of iputils'
        return 127
        ;;
    esac
  fi
}

case $(readlink "$path") in
  "net:[$inode]") ;;
  *)
    case $path in
      */ns/net)
        section end
        exit 0
        ;;
    esac
    ;;
esac
number=0
while [ "$number" -lt "$count" ]; do
  section sending "$number"
  case $kind in
    tcp) messages=$(connect "$((source + number))" 2>&1) ;;
    udp) messages=$(datagram "$((source + number))" "$number" 2>&1) ;;
    icmp) messages=$(echo_request "$1" 2>&1) ;;
    *) messages=$(echo_request "$1" whole 2>&1) ;;
  esac
  code=$?
  section sent "$number" "$code"
  printf '%.400s\n' "$messages"
  if [ $# -gt 0 ]; then shift; fi
  number=$((number + 1))
done
# Wait for the last answer.
sleep 0.5 2>/dev/null || sleep 1
section end
