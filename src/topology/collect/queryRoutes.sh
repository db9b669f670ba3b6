# Asks the kernel for routes: queryRoutes.sh TOKEN [PATH INODE WORDS]...
#
# PATH leads to a network namespace, and INODE is its expected inode. WORDS are the arguments of `ip route get`.
# One ip process asks all consecutive questions of a namespace. For each such batch, prints a section `answers FIRST`
# with a line for each question that has a route; FIRST is the number of the batch's first question. A section `errors`
# follows with ip's errors for the other questions, which name their lines in the batch. If the inode at PATH is not
# INODE, the questions are not asked.
token=$1
shift
# The words contain device names, which may look like glob patterns.
set -f

section() { printf '\n@%s %s\n' "$token" "$*"; }

ip=ip
nsenter=nsenter
# busybox's shell may prefer its own applets.
folders=$PATH:
while [ -n "$folders" ]; do
  folder=${folders%%:*}
  if [ -x "$folder/ip" ] && [ "$ip" = ip ]; then ip=$folder/ip; fi
  if [ -x "$folder/nsenter" ] && [ "$nsenter" = nsenter ]; then nsenter=$folder/nsenter; fi
  folders=${folders#*:}
done
number=0
while [ $# -gt 0 ]; do
  path=$1 inode=$2 first=$number batch=
  while [ "$path $inode" = "$1 $2" ]; do
    batch="${batch}route get $3
"
    number=$((number + 1))
    shift 3
    [ $# -gt 0 ] || break
  done
  case $path in
    */ns/net) link=$(readlink "$path") ;;
    *) link="net:[$inode]" ;;
  esac
  [ "$link" = "net:[$inode]" ] || continue
  section answers "$first"
  { messages=$(printf %s "$batch" | "$nsenter" -n"$path" "$ip" -j -d -force -batch - 2>&1 >&3); } 3>&1
  section errors
  printf '%.20000s\n' "$messages"
done
section end
