# Runs a command that arrives on standard input: first the number of its words, then one word per line.
#
# The words of an exec are part of its URL, and proxies reject request lines over 8 KB. Our scripts, and long filters,
# are therefore sent this way. In a line, \n is a newline and \\ a backslash. Input after the last word belongs to the
# command; read does not consume any of it.
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
IFS= read -r count || exit 1
while [ "$count" -gt 0 ]; do
  IFS= read -r word || exit 1
  case $word in
    *\\*)
      # $() would remove newlines at the end of a word.
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
