# Prints the given programs that exist: tools.sh PROGRAM...
for tool; do
  if command -v "$tool" >/dev/null 2>&1; then echo "$tool"; fi
done
