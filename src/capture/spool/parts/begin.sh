# What every command begins with.

LC_ALL=C TZ=UTC0
export LC_ALL TZ
umask 077
newline=$(printf '\nx')
newline=${newline%x}
return=$(printf '\r')
no_room="there is not enough room on the node's disk"
# Set by signals.
told=
# The shortest time, in seconds, that this image's sleep knows.
moment=0.1
sleep 0.01 2>/dev/null || moment=1
