# Asks the kernel for routes: ask.sh TOKEN [PATH INODE WORDS]...
#
# PATH leads to a network namespace, INODE is the one that it must be; WORDS are what `ip route get` is given. Each
# has a section `answer N`, and a section `code CODE` with what ip says on its standard error.
token=$1
shift
# The words hold names of devices, which may look like patterns.
set -f

section() { printf '\n@%s %s\n' "$token" "$*"; }

ip=ip
nsenter=nsenter
# A busybox may prefer programs of its own.
for folder in $(echo "$PATH" | tr : ' '); do
  if [ -x "$folder/ip" ] && [ "$ip" = ip ]; then ip=$folder/ip; fi
  if [ -x "$folder/nsenter" ] && [ "$nsenter" = nsenter ]; then nsenter=$folder/nsenter; fi
done
number=0
while [ $# -gt 0 ]; do
  case $1 in
    */ns/net) is=$(readlink "$1") ;;
    *) is="net:[$2]" ;;
  esac
  section answer "$number"
  code=gone said=''
  if [ "$is" = "net:[$2]" ]; then
    # shellcheck disable=SC2086 # a list of words
    { said=$("$nsenter" -n"$1" "$ip" -j -d route get $3 2>&1 >&3); } 3>&1
    code=$?
  fi
  section code "$code"
  printf '%.400s\n' "$said"
  shift 3
  number=$((number + 1))
done
section end
