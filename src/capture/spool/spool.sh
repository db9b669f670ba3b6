# Works on a spool, a capture's folder in the pod: VERB spool=FOLDER [NAME=VALUE]...
#
#   record                  run an engine (dumpcap or tcpdump) that writes a ring of files, with its state next to
#                           the ring, until it reaches a bound or the recording is no longer wanted
#   follow [start WORD...]  send frames of the ring's bytes to standard output; with `start`, start `record` first
#   list [flush]            print the contents; with `flush`, first wait for the newest packets
#   copy, sum               send parts of files, print their checksums
#   filter                  send the packets of a file that match a filter
#   stop, remove            end the recording, remove the spool
#
# Messages between processes must work on a full disk, so they remove files or overwrite existing bytes. The files
# running, wanted and kept exist while a recording runs, is wanted, and is kept. Changing a file's time needs no space
# either: this is how a follower renews the lease.
. recording.sh
. parts/send.sh
. parts/follow.sh
. parts/read.sh
. parts/stop.sh

verb=$1
shift
read_options "$@"
[ -n "$spool" ] || fail 2 'which spool?'
case $verb in
  record | follow) "$verb" ;;
  *)
    enter_spool
    case $verb in
      remove) remove_spool ;;
      list | copy | filter | sum | stop) "$verb" ;;
      *) fail 2 "not a verb: $verb" ;;
    esac
    ;;
esac
