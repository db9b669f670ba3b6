# The parts of a recorder, included by spool.sh and recorder.sh.
. parts/begin.sh
. parts/options.sh
. parts/waiting.sh
. ../../debugger/processTree.sh
. parts/processes.sh
. parts/room.sh
. parts/state.sh
. parts/numbers.sh
. parts/ring.sh
. parts/rotation.sh
. parts/log.sh
. parts/traffic.sh
. parts/engine.sh
. parts/outages.sh
. parts/bounds.sh
. parts/record.sh
