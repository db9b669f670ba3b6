# Runs shell code that arrives on standard input: a line with its size in bytes and in lines, the code, and a line `end`.
#
# The words of an exec are part of its URL, and proxies reject request lines over 8 KB. Our scripts, and long filters,
# are therefore sent this way. Input after the last line belongs to the code; nothing here consumes any of it.
boot=$$
# Waits for a silent client no longer than a lease does.
{
  left=12
  while [ "$left" -gt 0 ]; do
    sleep 1
    kill -0 "$boot" || exit
    left=$((left - 1))
  done
  kill "$boot"
} </dev/null >/dev/null 2>&1 &
guard=$!
IFS=' ' read -r bytes lines || exit 1
# The shell's own read takes one or two system calls for each byte, which is slow for a long script.
{
  code=$(dd bs="$bytes" count=1 iflag=fullblock && echo end) || code=''
} 2>/dev/null
code=${code%end} whole=''
newline='
'
# If the image has no suitable dd, nothing has been read yet.
while [ -z "$code" ] && [ "$lines" -gt 0 ]; do
  IFS= read -r line || exit 1
  whole="$whole$line$newline"
  lines=$((lines - 1))
done
# Does not run code that arrived incomplete.
IFS= read -r line || exit 1
[ "$line" = end ] || exit 1
kill "$guard"
eval "${code:-$whole}"
