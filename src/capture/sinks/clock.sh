# Seconds since the node started, and its time: seconds since 1970. busybox's date may know no fractions.
read -r up _ </proc/uptime
echo "$up $(date +%s.%N)"
