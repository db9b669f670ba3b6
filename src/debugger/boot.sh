# Runs shell code that arrives on standard input, with positional parameters: a line with their number, the code, the
# parameters, and a line `end`. Before the code and before each parameter there is a line with its size in bytes and in
# lines; both include the newline that ends it.
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
# Sets `text` to the next part of the input.
receive() {
  IFS=' ' read -r bytes lines || exit 1
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
  text=${text%"$newline"}
}
IFS= read -r count || exit 1
receive
code=$text
while [ "$count" -gt 0 ]; do
  receive
  set -- "$@" "$text"
  count=$((count - 1))
done
# Does not run a command that arrived incomplete.
IFS= read -r line || exit 1
[ "$line" = end ] || exit 1
kill "$guard"
eval "$code"
