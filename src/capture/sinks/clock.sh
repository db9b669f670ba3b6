# Prints the seconds since the node started, and its time in seconds since 1970. busybox's date may not support
# fractions.
read -r up _ </proc/uptime
echo "$up $(date +%s.%N)"
