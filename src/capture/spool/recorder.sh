# The main process of a detached capture's container: record spool=FOLDER [NAME=VALUE]...
# As `record` of spool.sh, and nothing else, since it is part of the pod's definition. Kubernetes halves
# doubled dollar signs in a container's command, so none may stand here.
. recording.sh

# The verb, which says to readers of the definition where the options begin.
shift
read_options "$@"
[ -n "$spool" ] || fail 2 'which spool?'
record
