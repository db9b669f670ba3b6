# The start of every command.

LC_ALL=C TZ=UTC0
export LC_ALL TZ
umask 077
newline=$(printf '\nx')
newline=${newline%x}
return=$(printf '\r')
no_room="there is not enough room on the node's disk"
# Set by signal handlers.
told=
# The shortest sleep in seconds: 1 if the image's sleep does not support fractions.
moment=0.1
sleep 0.01 2>/dev/null || moment=1
