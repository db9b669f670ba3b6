# A spool on this machine for tests: spool.sh VERB spool=DIR [name=value]...; TAR names the tar.
verb=$1
shift
seqs='' offset=0 length=0 dir=
for word in "$@"; do
  case $word in
    spool=*) dir=${word#*=} ;;
    seq=*) seqs="$seqs ${word#*=}" ;;
    offset=*) offset=${word#*=} ;;
    length=*) length=${word#*=} ;;
  esac
done
[ -d "$dir" ] || { echo 'no spool' >&2; exit 3; }
cd "$dir/ring" || exit 3
named() { set -- "$1"_*.pcap && [ -f "$1" ] && echo "$1"; }
case $verb in
  list)
    while read -r name value; do echo "state $name $value"; done <../state
    for file in $(find . -name '*.pcap' | sed 's/^..//' | sort -n); do
      state=closed
      [ "$file" = "$(cat ../open 2>/dev/null)" ] && state=open
      echo "file ${file%%_*} $(stat -c '%s %Y' "$file") $state $file"
    done
    echo 'free 1000'
    echo ok
    ;;
  read)
    file=$(named "${seqs# }") || exit 4
    [ "$(stat -c %s "$file")" -ge $((offset + length)) ] || exit 5
    tail -c +$((offset + 1)) "$file" | head -c "$length"
    ;;
  tar)
    files='' gone=0
    for seq in $seqs; do
      if file=$(named "$seq"); then files="$files $file"; else gone=4; fi
    done
    # shellcheck disable=SC2086 # lists of words
    ${TAR:-tar} -cf - $files || exit 1
    exit $gone
    ;;
  sum)
    for seq in $seqs; do
      file=$(named "$seq") && sha256sum "$file" | { read -r sum _ && echo "sum $seq $sum"; }
    done
    ;;
esac
