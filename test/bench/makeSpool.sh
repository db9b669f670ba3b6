# Creates a spool like that of an ended capture. Arguments: FOLDER FILES MEGABYTES HEADER RECORD PAYLOAD.
# Each file has a pcap header, and MEGABYTES times 100 packets of noise with PAYLOAD bytes. HEADER and
# RECORD are in printf's octal notation.
folder=$1 files=$2 megabytes=$3 header=$4 record=$5 payload=$6
set -e
umask 077
mkdir -p "$folder/ring"
cd "$folder"
: >lease
echo '1 - 1' >first
printf '%s\n' 'ticket 1' 'version 1' 'engine dumpcap' 'started 1795525500' 'phase ended' 'why size' \
  'exit 0' 'end 1' >state
packet=0
while [ "$packet" -lt 100 ]; do
  # shellcheck disable=SC2059 # the format contains octal digits
  printf "$record"
  head -c "$payload" /dev/urandom
  packet=$((packet + 1))
done >megabyte
file=1
while [ "$file" -le "$files" ]; do
  {
    # shellcheck disable=SC2059 # as above
    printf "$header"
    part=0
    while [ "$part" -lt "$megabytes" ]; do
      cat megabyte
      part=$((part + 1))
    done
  } >"ring/d_$(printf %05d "$file")_20261124130500.pcap"
  file=$((file + 1))
done
