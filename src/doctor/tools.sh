# Names those of the programs given that are there: tools.sh PROGRAM...
for tool; do
  if command -v "$tool" >/dev/null 2>&1; then echo "$tool"; fi
done
