# The start of every command.

LC_ALL=C TZ=UTC0
export LC_ALL TZ
umask 077
newline=$(printf '\nx')
newline=${newline%x}
carriage_return=$(printf '\r')
no_room_message="there is not enough room on the node's disk"
# Set by signal handlers.
signaled=
# The shortest sleep in seconds: 1 if the image's sleep does not support fractions.
min_sleep=0.1
sleep 0.01 2>/dev/null || min_sleep=1
