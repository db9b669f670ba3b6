# Runs shell code that arrives on standard input, with positional parameters: a line with the size of a text in bytes and in
# lines and with a separator, the text, and a line `end`. The text is the code and the parameters, each ended by the
# separator, a character that occurs in none of them, and a newline.
#
# The words of an exec are part of its URL, and proxies reject request lines over 8 KB. Our scripts, and long filters,
# are therefore sent this way. Values are never part of the code. Input after the line `end` belongs to the code;
# nothing here consumes any of it.
boot=$$
# Like a lease, ends if the client sends nothing for 12 s.
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
newline='
'
IFS=' ' read -r bytes lines separator || exit 1
text=
# The shell's own read takes one or two system calls for each byte, which is slow for a long script.
if [ "$bytes" -gt 1000 ]; then
  { text=$(dd bs="$bytes" count=1 iflag=fullblock && echo end) || text=''; } 2>/dev/null
  text=${text%end}
fi
# If the image has no suitable dd, nothing has been read yet.
if [ -z "$text" ]; then
  while [ "$lines" -gt 0 ]; do
    IFS= read -r line || exit 1
    text="$text$line$newline"
    lines=$((lines - 1))
  done
fi
# Does not run a command that arrived incomplete.
IFS= read -r line || exit 1
[ "$line" = end ] || exit 1
kill "$guard"
set -f
IFS=$separator
# shellcheck disable=SC2086 # splits at each separator, and nowhere else
set -- ${text%"$newline"}
unset IFS
set +f
code=$1
shift
eval "$code"
