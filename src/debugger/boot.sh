# Runs a command that comes on standard input: the number of its words, and then a word a line.
#
# The words of an exec stand in its URL, and proxies refuse request lines of 8 KB: our scripts, and a
# user's long filter, come this way instead. In a line \n is a newline and \\ a backslash. What
# follows the last word is the command's own input; read takes no byte of it.
boot=$$
# A client that falls silent before it has said all is waited for no longer than a lease waits.
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
IFS= read -r count || exit 1
while [ "$count" -gt 0 ]; do
  IFS= read -r word || exit 1
  case $word in
    *\\*)
      # $() would take the newlines off the end of a word.
      word=$(printf '%bx' "$word")
      word=${word%x}
      ;;
  esac
  set -- "$@" "$word"
  count=$((count - 1))
done
kill "$guard"
wait "$guard" 2>/dev/null
exec "$@"
