# Asks the kernel for routes: ask.sh TOKEN [PATH INODE WORDS]...
#
# PATH leads to a network namespace, INODE is the one that it must be; WORDS are what `ip route get` is given. Questions
# of one namespace that follow each other are asked by one ip: a section `answers FIRST` with a line for each that has a
# route, FIRST being the number of the first question, and a section `errors` with what ip says of the others, by
# their places in the batch. A namespace that is another one by now has no answers.
token=$1
shift
# The words hold names of devices, which may look like patterns.
set -f

section() { printf '\n@%s %s\n' "$token" "$*"; }

ip=ip
nsenter=nsenter
# A busybox may prefer programs of its own.
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
    */ns/net) is=$(readlink "$path") ;;
    *) is="net:[$inode]" ;;
  esac
  [ "$is" = "net:[$inode]" ] || continue
  section answers "$first"
  { said=$(printf %s "$batch" | "$nsenter" -n"$path" "$ip" -j -d -force -batch - 2>&1 >&3); } 3>&1
  section errors
  printf '%.20000s\n' "$said"
done
section end
