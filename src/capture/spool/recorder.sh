# The main process of a detached capture's container: record spool=FOLDER [NAME=VALUE]...
# The same as `record` of spool.sh, without the other verbs, because it is part of the pod's definition. Kubernetes
# halves doubled dollar signs in a container's command, so this script must not contain any.
. recording.sh

# The verb tells readers of the definition where the options start.
shift
read_options "$@"
[ -n "$spool" ] || fail 2 'which spool?'
record
