# What is done with a spool, a capture's folder in the pod: VERB spool=FOLDER [NAME=VALUE]...
#
#   record                  runs an engine (dumpcap or tcpdump) that writes a ring of files, with state
#                           beside it; ends with its bounds or when nobody wants it any more
#   follow [start WORD...]  frames of the ring's bytes on standard output; `start` begins `record` first
#   list, read, tar, sum    what is there, a range of a file, whole files, their checksums
#   stop, remove, flush     the recording's end, the spool's end, the newest packets on disk
#
# Files have numbers, from 1 in the order of their recording. dumpcap writes them into its names, up to
# 99999 and from 0 again; tcpdump's names only sort, so `first` says which number a name has. Every number
# follows from that, since files are removed from the oldest on and `first` is written before that.
#
# What must be said on a full disk is said by removing files or by writing where bytes are already:
# running, wanted and kept are there while a recording runs, is wanted, and is kept. A file's change of
# time takes no room either: it is how a follower says that it is there (lease).
# Kubernetes halves doubled dollar signs in a container's command: none may stand here.
LC_ALL=C TZ=UTC0
export LC_ALL TZ
umask 077
newline=$(printf '\nx')
newline=${newline%x}
return=$(printf '\r')
no_room="there is not enough room on the node's disk"

read_options() {
  unset spool starting device expression length snaplen count filekb age files buffer duration maxkb \
    linger keep floorkb roomkb until notafter seqs turning
  poll=1 seq=1 offset=0 engine=auto zroot=0
  while [ $# -gt 0 ]; do
    value=${1#*=}
    case $1 in
      start) starting=1 ;;
      spool=*) spool=$value ;;
      engine=*) engine=$value ;;
      device=*) device=$value ;;
      poll=*) poll=$value ;;
      expression=*) expression=$value ;;
      seq=* | offset=* | length=* | snaplen=* | count=* | filekb=* | age=* | files=* | buffer=* | \
        duration=* | maxkb=* | linger=* | keep=* | floorkb=* | roomkb=* | until=* | notafter=* | zroot=*)
        case $value in
          '' | *[!0-9]*) fail 2 "not a number: $1" ;;
        esac
        # An assignment without eval: the name is one of the above.
        # shellcheck disable=SC2163
        export "$1"
        case $1 in seq=*) seqs="$seqs $value" ;; esac
        ;;
      *) fail 2 "not an option: $1" ;;
    esac
    shift
  done
}

fail() {
  echo "spool: $2" >&2
  exit "$1"
}

# Nothing is done in a folder that is none of ours.
enter() {
  { cd "$spool" && [ -e state ]; } 2>/dev/null || fail 3 'no spool'
}

# Seconds, and hundredths of them, of a clock that nobody sets.
clock() {
  IFS=' .' read -r now hundredths _ </proc/uptime
}

# A sleep that ends when somebody told us something. When it is left alone it must not hold
# anybody's streams open.
nap() {
  sleep "$1" >/dev/null 2>&1 &
  napping=$!
  while
    wait "$napping"
    [ "$?" -gt 128 ] && [ -z "$told" ] && kill -0 "$napping" 2>/dev/null
  do :; done
}

# Adds $1 and all that descends from it to `tree`.
tree_of() {
  tree="$tree $1" offspring=
  # The line has no end, so read fails although it reads it.
  read -r offspring 2>/dev/null <"/proc/$1/task/$1/children"
  for descendant in $offspring; do tree_of "$descendant"; done
}

is_any_running() {
  for process; do
    kill -0 "$process" 2>/dev/null && return
  done
  return 1
}

# Ends a process and all that descends from it: what ignores TERM for a second is killed. An image's
# engine may be a script, which leaves what it started to others when it is ended.
end_tree() {
  tree=
  tree_of "$1"
  # shellcheck disable=SC2086 # words are wanted
  kill -TERM $tree 2>/dev/null
  tries=10
  [ "$moment" = 0.1 ] || tries=2
  # shellcheck disable=SC2086 # words are wanted
  while is_any_running $tree && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    nap "$moment"
  done
  # shellcheck disable=SC2086 # words are wanted
  kill -KILL $tree 2>/dev/null
}

# Waits for a child, however often signals interrupt the waiting.
await() {
  while
    wait "$1"
    status=$?
    [ "$status" -gt 128 ] && kill -0 "$1" 2>/dev/null
  do :; done
  if [ "$status" -gt 128 ]; then
    # It may have ended in the very moment of a signal, which hid how. dash and ash still know; where a
    # shell has forgotten it, it most likely ended well.
    wait "$1" 2>/dev/null
    status=$?
    [ "$status" -ne 127 ] || status=0
  fi
  return "$status"
}

# KiB that may still be written here, and of the whole file system.
free_space() {
  # shellcheck disable=SC2046 # words are wanted
  set -- $(df -kP . 2>/dev/null)
  free='' capacity=0
  while [ $# -gt 3 ]; do
    case $4 in *%) capacity=$1 free=$3 ;; esac
    shift
  done
}

# kB that a ring of $2 files of $1 kB takes at most: one more file while it rotates, each larger by a packet of
# 64 KiB, and 128 KiB of state and messages. The client computes the same (ringBytes in ringPlan.ts).
ring_size() {
  ring_size=$((($2 + 1) * ($1 + 66) + 132))
}

# Whether the ring fits: on the disk, and beside the other spools here into the share of the pod.
# A tenth of the disk stays free, since below that kubelets begin to evict pods (nodefs.available); of
# a large disk 4 GB, more than captures can fill before somebody looks.
fits() {
  [ -z "$floorkb" ] || return 0
  free_space
  floorkb=$((capacity / 10))
  [ "$floorkb" -lt 4000000 ] || floorkb=4000000
  ring_size "${filekb:-${maxkb:-0}}" "${files:-1}"
  needed=$ring_size
  [ -z "$free" ] || [ $((free - floorkb)) -ge "$needed" ] || return 1
  [ -n "$roomkb" ] || return 0
  all=$needed
  for other in ../*/ring; do
    # shellcheck disable=SC3013 # dash and busybox ash know -ef
    [ "$other" -ef ring ] && continue
    theirs=$needed theirkb=''
    while read -r name value; do
      case $name in
        filekb) theirkb=$value ;;
        files)
          ring_size "$theirkb" "$value"
          theirs=$ring_size
          break
          ;;
      esac
    done 2>/dev/null <"${other%ring}state"
    all=$((all + theirs))
  done
  if [ "$all" -gt "$roomkb" ]; then
    no_room="the captures in this pod would take $all kB together, more than its limits leave room for: $roomkb kB"
    return 1
  fi
}

# ---- state ----

put_state() {
  ticket=$((ticket + 1))
  state="ticket $ticket${newline}version 1${newline}pid $me${newline}born $born${newline}engine $engine"
  state="$state${newline}enginepid $child${newline}device ${device:--}${newline}phase $phase"
  state="$state${newline}started $started${newline}filekb ${filekb:-0}${newline}files ${files:-0}"
  state="$state${newline}age ${age:-0}${newline}newest $newest${newline}removed $((first - 1))"
  state="$state${newline}bytes $bytes"
  if [ "$phase" = ended ]; then
    state="$state${newline}why $why${newline}exit $code${newline}ended $ended${captured:+${newline}captured $captured}"
    state="$state${received:+${newline}received $received}${dropped:+${newline}dropped $dropped}"
  fi
  printf '%-4095s\n' "$state${newline}argv $argv${newline}end $ticket" 2>/dev/null 1<>state
}

# Reads the state, whole: it may be written at the same time. A recorder that is gone without a word
# was interrupted.
load_state() {
  state=
  tries=0
  while [ -z "$state" ] && [ "$tries" -lt 50 ]; do
    tries=$((tries + 1))
    text='' phase='' why='' code=0 captured='' received='' dropped='' begun=''
    while read -r name value; do
      case $name in
        ticket) begun=$value ;;
        pid) recorder=$value ;;
        born) recorderborn=$value ;;
        enginepid) child=$value ;;
        engine) engine=$value ;;
        device) device=$value ;;
        phase) phase=$value ;;
        why) why=$value ;;
        exit) code=$value ;;
        captured) captured=$value ;;
        received) received=$value ;;
        dropped) dropped=$value ;;
        end)
          [ "$value" = "$begun" ] && state=whole
          break
          ;;
      esac
      [ "$name" = phase ] || text="$text$name $value$newline"
    done 2>/dev/null <state
  done
  [ -n "$state" ] || return 1
  if [ "$phase" != ended ] && ! is_alive; then
    phase=ended why=interrupted code=137
    text="${text}why $why${newline}exit $code$newline"
  fi
  text="${text}phase $phase$newline"
}

birth() {
  # The name in the second word may hold spaces; what comes behind it does not.
  birth=
  read -r line 2>/dev/null <"/proc/$1/stat" || return 1
  # shellcheck disable=SC2086 # words are wanted
  set -- ${line##*) }
  shift 19
  birth=$1
}

is_alive() {
  birth "$recorder" && [ "$birth" = "$recorderborn" ]
}

# ---- the ring ----

# The number in a name of dumpcap's, which is the file's number but for its hundred thousands.
number_of() {
  number=${1#ring/d_}
  number=${number%%_*}
  number=${number#"${number%?????}"}
  number=$((1$number - 100000))
}

# Gives dumpcap's files ($2...) their numbers, near to that of $1: sets first, newest and names.
number_dumpcap() {
  near=$1
  shift
  number_of "$1"
  start=$number
  for name; do :; done
  number_of "$name"
  if [ $((number - start)) -gt 50000 ]; then
    # The numbers began again: those before that sort last.
    while
      number_of "$1"
      [ "$number" -lt 50000 ]
    do
      set -- "$@" "$1"
      shift
    done
  fi
  number_of "$1"
  first=$((near + (number - near % 100000 + 150000) % 100000 - 50000))
  newest=$((first + $# - 1))
  names=$*
}

# What the ring holds: names from the oldest on, and the numbers of the first and the newest.
survey() {
  tries=0
  while [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    read -r base basename mirror 2>/dev/null <first || return 1
    set -- ring/*
    if [ ! -e "$1" ]; then
      names='' first=$base newest=$((base - 1))
      [ "$1" = 'ring/*' ] && return
      continue
    fi
    found=$*
    set -- ring/*
    read -r again _ 2>/dev/null <first || return 1
    # A folder that changes while it is read may show the second next file without the next.
    if [ "$found" != "$*" ] || [ "$base $base" != "$again $mirror" ]; then continue; fi
    if [ "$engine" = dumpcap ]; then
      number_dumpcap "$base" "$@"
      return
    fi
    first=$base
    if [ "$basename" != - ]; then
      for name; do
        [ "$name" = "$basename" ] && break
        first=$((first - 1))
      done
      [ "$name" = "$basename" ] || continue
    fi
    newest=$((first + $# - 1))
    names=$*
    return
  done
  return 2
}

# For the short verbs: knows the state and the ring, or fails.
know() {
  load_state || fail 3 'no spool'
  survey || fail "$((2 * $? + 1))" 'the ring cannot be listed: it is gone, or turns too fast'
}

# Sets name to that of the file with the number $1.
name_of() {
  name=
  if [ "$1" -lt "$first" ] || [ "$1" -gt "$newest" ]; then return 1; fi
  skip=$(($1 - first + 1))
  # shellcheck disable=SC2086 # words are wanted
  set -- $names
  shift $((skip - 1))
  name=$1
}

# ---- record ----

note_first() {
  printf '%-20s %-40s %-20s\n' "$first" "$1" "$first" 2>/dev/null 1<>first
}

# A file was closed: gives numbers, and removes what is too old. Runs in the trap of the signal that
# tcpdump's -z sends, too, and never twice at once.
turn() {
  turned=1
  [ -z "$turning" ] || return
  turning=1
  while [ -n "$turned" ]; do
    turned=
    set -- ring/*
    [ -e "$1" ] || break
    if [ "$engine" = dumpcap ]; then
      before=$first
      number_dumpcap "$first" "$@"
      [ "$before" = "$first" ] || note_first "${names%% *}"
      break
    fi
    turned_over=$((first + $# - 1 - newest))
    newest=$((first + $# - 1))
    # What comes until the next look must find room, too.
    [ "$turned_over" -le "$slack" ] || slack=$turned_over
    room=$((${files:-0} + 1 - slack))
    [ "$room" -gt 0 ] || room=1
    if [ "${files:-0}" -gt 0 ] && [ $# -gt "$room" ]; then
      old=
      while [ $# -gt "$room" ]; do
        old="$old $1"
        first=$((first + 1))
        shift
      done
      note_first "$1"
      # shellcheck disable=SC2086 # words are wanted
      rm -f $old
    fi
    if [ -n "$maxkb" ] && [ -n "$filekb" ] && [ $(((newest - 1) * filekb)) -ge "$maxkb" ]; then
      kill -TERM "$child" 2>/dev/null
    fi
  done
  turning=
}

# tcpdump starts its hook with the lowest priority: where the processor is busy it comes late, and many
# files at once. So where files follow each other fast we look by ourselves; what came between two looks
# nevertheless, `slack`, finds room by fewer files kept.
pass_second() {
  advance=$((newest - seen_newest))
  seen_newest=$newest
  slack=$(((slack + 1) / 2))
  if [ "$engine" = dumpcap ] || [ "$advance" -lt 1 ] || [ "$moment" = 1 ]; then
    nap 1
    return
  fi
  interval=0.1
  [ "$advance" -lt 10 ] || interval=0.02
  begin_second=$now
  while [ "$now" -eq "$begin_second" ] && [ -z "$told" ]; do
    nap "$interval"
    turn
    clock
  done
}

# Bytes written so far: the kernel's count, which knows removed files too.
measure() {
  while read -r name value; do
    if [ "$name" = wchar: ]; then
      bytes=$value
      return
    fi
  done 2>/dev/null <"/proc/$child/io"
  held ring/*
  bytes=$((held + (first - 1) * ${filekb:-0} * 1000))
}

# Bytes that the files $1... hold: held, part (those behind the first `skip` files), last.
held() {
  held=0 part=0 last=0 word=0
  # shellcheck disable=SC2045 # words are wanted: nine for each file, whose names hold no spaces
  for field in $(ls -n "$@" 2>/dev/null); do
    word=$((word + 1))
    case $word in
      5)
        last=$field
        held=$((held + last))
        if [ "${skip:-0}" -gt 0 ]; then skip=$((skip - 1)); else part=$((part + last)); fi
        ;;
      9) word=0 ;;
    esac
  done
}

# The kernel's buffer is the node's memory, which no limit of the pod counts: a hundredth of what is free
# at most, and what tcpdump takes by itself (2 MiB) at least.
bound_buffer() {
  while read -r name value _; do
    if [ "$name" = MemAvailable: ]; then
      share=$((value / 100))
      [ "$share" -ge 2048 ] || share=2048
      [ "$buffer" -le "$share" ] || buffer=$share
      return
    fi
  done 2>/dev/null </proc/meminfo
}

begin_engine() {
  [ -z "$buffer" ] || bound_buffer
  if [ "$engine" = dumpcap ]; then
    set -- dumpcap -q -P ${device:+-i "$device"} ${snaplen:+-s "$snaplen"} ${count:+-c "$count"}
    # As tcpdump does it: with the interface of each packet.
    [ "$device" = any ] && set -- "$@" -y LINUX_SLL2
    set -- "$@" ${buffer:+-B "$(((buffer + 1023) / 1024))"} -b "filesize:${filekb:-${maxkb:-2000000000}}"
    set -- "$@" ${age:+-b "duration:$age"} ${files:+-b "files:$files"}
    # What it must not write more than, whatever becomes of us. Our own look is finer, but rarer.
    [ -z "$maxkb" ] || set -- "$@" -a "files:$(((maxkb + ${filekb:-$maxkb} - 1) / ${filekb:-$maxkb}))"
    set -- "$@" -w ring/d.pcap ${expression:+-f "$expression"}
  else
    # Megabytes are the least it knows.
    megabytes=${filekb:-$maxkb}
    if [ -n "$megabytes" ]; then
      megabytes=$((megabytes / 1000))
      [ "$megabytes" -gt 0 ] || megabytes=1
      filekb=$((megabytes * 1000))
    fi
    pattern=ring/t
    set -- tcpdump -n -U ${device:+-i "$device"} ${snaplen:+-s "$snaplen"} ${count:+-c "$count"}
    set -- "$@" ${buffer:+-B "$buffer"} ${megabytes:+-C "$megabytes" -W 1000000000}
    if [ -n "$age" ]; then
      pattern=ring/t%s.
      set -- "$@" -G "$age"
    fi
    [ "$zroot" = 1 ] && set -- "$@" -Z root
    [ -z "$age$megabytes" ] || set -- "$@" -z ./turn
    set -- "$@" -w "$pattern" ${expression:+-- "$expression"}
  fi
  argv=$(printf '%.2000s' "$*" | tr '\n' ' ')
  "$@" </dev/null >/dev/null 2>>log &
  child=$!
  clock
  begin=$now
  while ! has_begun && kill -0 "$child" 2>/dev/null && [ $((now - begin)) -lt 10 ]; do
    if [ ! -e wanted ] || [ -n "$terminated" ]; then break; fi
    nap "$moment"
    clock
  done
  has_begun
}

has_begun() {
  for name in ring/*; do
    [ -s "$name" ] && return
  done
  return 1
}

read_log() {
  cat log.begin log 2>/dev/null
}

# What the engine says of itself: its device when none was named, its counts at the end.
hear() {
  while read -r line; do
    # dumpcap returns to the start of the line before it counts.
    line=${line#"$return"}
    case $line in
      *'listening on '*)
        line=${line#*listening on }
        heard=${line%%,*}
        ;;
      "Capturing on '"*)
        line=${line%\'}
        heard=${line##*[\' ]}
        ;;
      *' captured') captured=${line%% *} ;;
      *' received by filter') received=${line%% *} ;;
      *' dropped by kernel' | *' dropped by interface') dropped=$((${dropped:-0} + ${line%% *})) ;;
      'Packets captured: '*) captured=${line##* } ;;
      'Packets received/dropped on '*)
        line=${line##*\': }
        received=${line%%/*}
        line=${line#*/}
        dropped=${line%% *}
        ;;
      *'o space left'* | *'isk quota'* | *' full'*) full=1 ;;
    esac
  done 2>/dev/null <"$1"
}

# Whether somebody renewed the lease since this was last asked. Shells may compare whole seconds only,
# and clocks may be set back: then the mark must be made anew.
is_renewed() {
  quiet=$((quiet + 1))
  # shellcheck disable=SC3013 # dash and busybox ash know -nt
  if [ lease -nt seen ]; then
    quiet=0
    true >seen
    return
  fi
  [ $((quiet % 8)) -ne 7 ] || true >seen
  return 1
}

# Looks at the disk every 5 s, or every second where it fills fast. Bytes that cannot be written show
# a full disk sooner: tcpdump itself goes on as if nothing were wrong.
look_at_disk() {
  if ! printf x 2>/dev/null >probe; then
    why=full
    return
  fi
  true >probe
  [ "$now" -ge "$nextlook" ] || return 0
  nextlook=$((now + 5))
  free_space
  [ -n "$free" ] || return 0
  if [ "$free" -lt "$floorkb" ]; then why=floor; fi
  if [ $((free - floorkb)) -lt $(((${lastfree:-$free} - free) * 4)) ]; then nextlook=$now; fi
  lastfree=$free
  # shellcheck disable=SC2046 # words are wanted
  set -- $(ls -n log)
  if [ "${5:-0}" -gt 32768 ]; then
    [ -e log.begin ] || dd if=log of=log.begin bs=8192 count=1 2>/dev/null
    true >log
  fi
}

record() {
  read -r me _ </proc/self/stat
  birth "$me"
  born=$birth
  started=$(date +%s)
  if [ -n "$notafter" ] && [ "$started" -gt "$notafter" ]; then refuse; fi
  mkdir "$spool" 2>/dev/null || refuse
  cd "$spool" || fail 1 "cannot enter $spool"
  heard=- slack=1 seen_newest=0 phase=starting first=1 newest=0 bytes=0 ticket=0 child=0 told='' terminated='' hung='' quiet=0 nextlook=0 argv='' full=''
  # The last of them is there when all are.
  if ! { mkdir ring && fits && put_state && note_first - && true >log && true >lease && true >seen &&
    true >probe && put_hook &&
    chmod 700 turn && true >running && true >wanted && true >kept; }; then
    rm -rf "$PWD"
    fail 28 "$no_room"
  fi
  trap 'turn' USR1
  trap 'told=1 terminated=1' TERM
  # A file was removed that says what is wanted.
  trap 'told=1' USR2
  wanted=$engine
  case $engine in
    auto)
      engine=tcpdump
      if command -v dumpcap >/dev/null; then engine=dumpcap; fi
      ;;
  esac
  clock
  asked=$now
  if ! begin_engine && [ "$wanted $engine" = 'auto dumpcap' ] && [ -e wanted ] && [ -z "$terminated" ] &&
    command -v tcpdump >/dev/null; then
    # Some builds want capabilities that we have not.
    end_tree "$child"
    await "$child"
    rm -f ring/*
    engine=tcpdump
    begin_engine
  fi
  hear log
  device=${device:-$heard}
  clock
  begin=$now why=''
  [ -z "$until" ] || duration=$((until > started ? until - started : 0))
  # An engine that hangs before its first byte is ended, sooner where the recording was to be short.
  patience=60
  if [ -n "$duration" ] && [ "$duration" -lt 40 ]; then patience=$((duration + 20)); fi
  while [ -z "$why" ]; do
    if [ "$phase" = starting ] && has_begun; then
      phase=recording published=
    fi
    turn
    measure
    clock
    if ! kill -0 "$child" 2>/dev/null; then why=engine; fi
    if [ ! -e wanted ]; then why=stopped; fi
    told=
    [ -z "$terminated" ] || why=ended
    if [ "$phase" = starting ] && [ $((now - asked)) -ge "$patience" ] && [ -z "$why" ]; then
      why=engine hung=1
      echo "$engine: has written nothing since its start, $((now - asked)) s ago" >>log
    fi
    if [ -n "$linger" ] && ! is_renewed && [ "$quiet" -gt "$linger" ]; then why=lease; fi
    if [ -n "$duration" ] && [ "$phase" != starting ] && [ $((now - begin)) -ge "$duration" ]; then why=duration; fi
    if [ -n "$maxkb" ] && [ $((bytes / 1000)) -ge "$maxkb" ]; then why=size; fi
    look_at_disk
    if [ "$newest $bytes" != "$published" ]; then
      published="$newest $bytes"
      put_state
    fi
    [ -n "$why" ] || pass_second
  done
  finish
  keep_spool
}

# What tcpdump runs after each file. Where its recorder was killed, nobody else would end it.
put_hook() {
  # shellcheck disable=SC2016 # for the other shell to expand
  printf '#!/bin/sh\nkill -USR1 %s 2>/dev/null || kill -TERM "$PPID"\n' "$me" >turn
}

# A second start: by a kubelet after a node's restart, or beside a recorder that is there.
refuse() {
  if cd "$spool" 2>/dev/null; then
    [ -z "$starting" ] || exit 0
    if load_state && [ "$why" = interrupted ]; then
      # Whole words, so that it can be read again; what was recorded stays.
      printf '%-4095s\n' "${text}end $begun" 2>/dev/null 1<>state
      rm -f running wanted
    fi
  elif [ ! -d "$spool" ] && { [ -z "$notafter" ] || [ "$started" -le "$notafter" ]; }; then
    fail 1 "cannot make $spool"
  fi
  echo 'why restarted'
  exit 75
}

finish() {
  if kill -0 "$child" 2>/dev/null; then
    # What the kernel holds for up to a second still belongs to the capture.
    case $phase-$why in
      starting-* | *-full | *-floor | *-size) ;;
      *)
        # dumpcap asks for it four times a second, tcpdump once.
        settling=1.1
        if [ "$engine" = dumpcap ]; then settling=0.6; fi
        if [ "$moment" = 1 ]; then settling=2; fi
        nap "$settling"
        ;;
    esac
    end_tree "$child"
  fi
  await "$child"
  code=$?
  [ -z "$hung" ] || code=1
  turn
  if [ "$first" -eq 1 ]; then
    held ring/*
    bytes=$held
  fi
  captured='' received='' dropped=''
  hear log
  if [ "$why" = engine ] && [ "$code" -eq 0 ]; then
    if [ -n "$count" ] && [ "${captured:-0}" -ge "$count" ]; then
      why=complete
    elif [ -n "$maxkb" ]; then
      why=size
    fi
  fi
  [ "$why" != engine ] || [ -z "$full" ] || why=full
  phase=ended ended=$(date +%s)
  put_state
  rm -f running wanted
  echo "why $why exit $code"
}

# A container of ours that ends with $gone has removed its spool: no shell, signal or kubelet gives
# that code. TERM from outside ends it with 143, and what was recorded stays where it is.
gone=93

keep_spool() {
  # A recording that ended since nobody was there is not kept for anybody, either.
  [ "$why" = lease ] || quiet=0
  [ "$why" != ended ] || exit 143
  while [ -e kept ]; do
    is_renewed
    [ -z "$keep" ] || [ "$quiet" -le "$keep" ] || break
    nap 1
    # The container ends: what stands on a volume outlives it.
    told=
    [ -z "$terminated" ] || exit 143
  done
  destroy
  exit "$gone"
}

destroy() {
  spool=$PWD
  cd /
  # A late renewal of the lease may come in between.
  rm -rf "$spool" 2>/dev/null || rm -rf "$spool"
}

# ---- follow ----

follow() {
  read -r me _ </proc/self/stat
  told='' stops=0 grain=262144 said='' last=0 over='' ticker=''
  [ "$moment" = 0.1 ] || poll=1
  trap 'told=1 stops=$((stops + 1))' USR1
  trap 'leave 143' TERM
  if [ -n "$starting" ]; then start; fi
  if ! cd "$spool" 2>/dev/null; then lost; fi
  {
    while kill -0 "$me" && [ -e lease ]; do
      true >lease
      sleep 1
    done
  } </dev/null >/dev/null 2>&1 &
  ticker=$!
  until load_state && [ "$phase" != starting ]; do
    [ -e state ] || lost
    say_starting
    listen
    nap "$moment"
  done
  if has_begun; then echo "hello 1 $engine $device"; fi
  while [ -z "$over" ]; do
    look
    if [ -z "$names" ] || [ "$seq" -gt "$newest" ]; then
      [ -z "$ended" ] || break
      pulse
      nap "$poll"
      continue
    fi
    if [ "$seq" -lt "$first" ]; then
      echo "gap $seq $((first - 1))"
      seq=$first offset=0
    fi
    name_of "$seq"
    # Where it was removed just now there is nothing to open: the next look finds a gap.
    { send_file 4<"$name"; } 2>/dev/null
  done
  say_over
}

leave() {
  [ -z "$ticker" ] || kill "$ticker" 2>/dev/null
  [ -z "$sender" ] || kill "$sender" 2>/dev/null
  exit "$1"
}

lost() {
  echo 'over lost 0'
  leave 3
}

# Sees to it that there is a recorder: sent again, it finds the one that is there. A recorder makes its
# folder itself, so that one which began is not left half made when this process is ended. It must
# outlive us, and so hold none of our streams.
start() {
  starter='' deserted=0
  until [ -e "$spool/kept" ]; do
    say_starting
    if [ -n "$starter" ]; then
      if ! kill -0 "$starter" 2>/dev/null; then
        [ -d "$spool" ] || refuse_start
        starter=
      fi
      nap "$moment"
    elif [ ! -d "$spool" ]; then
      # No child of ours: what ends us ends our children, too.
      starter=$( (record) </dev/null >/dev/null 2>&1 & echo $!)
      nap "$moment"
    else
      # Of a recorder that was killed before it had begun the folder is left.
      deserted=$((deserted + 1))
      if is_entered; then deserted=0; fi
      if [ "$deserted" -ge 3 ]; then rm -rf "$spool"; fi
      nap 1
    fi
  done
}

# Whether anybody works in the spool's folder.
is_entered() {
  for process in /proc/[0-9]*; do
    # shellcheck disable=SC3013 # dash and busybox ash know -ef
    [ "$process/cwd" -ef "$spool" ] && return
  done
  return 1
}

# Says why a recorder could not begin.
refuse_start() {
  if message=$(mkdir "$spool" 2>&1); then
    rmdir "$spool"
    echo "log $no_room"
    echo 'over full 28'
    leave 28
  fi
  [ ! -d "$spool" ] || return 0
  echo "log $message"
  echo 'over nospool 1'
  leave 1
}

# A sign of life once a second, until there is more to say.
say_starting() {
  clock
  [ "$now" != "$said" ] || return 0
  said=$now
  echo starting
}

# What was told meanwhile, and what the ring holds, as of the time `looked`. What is found after the end is all there is.
look() {
  clock
  looked=$now$hundredths ended=
  [ -e running ] || ended=1
  listen
  survey || { [ -e state ] || lost; }
}

listen() {
  [ "$stops" -gt 0 ] || return 0
  stops=0 told=
  # What has not begun is kept for nobody.
  if [ "$phase" = starting ]; then unwant wanted kept; else unwant wanted; fi
}

# Removes what says that something is wanted, and lets the recorder know.
unwant() {
  rm -f "$@"
  if is_alive; then kill -USR2 "$recorder" 2>/dev/null; fi
}

# Sends what descriptor 4, the file with the number `seq`, holds from `offset` on, until it is complete.
send_file() {
  seek
  clock
  lively=$now
  while :; do
    closed=$ended
    [ "$seq" -eq "$newest" ] || closed=1
    if has_grown; then
      # shellcheck disable=SC2046 # words are wanted
      set -- $(ls -nL /proc/self/fd/4)
      size=$5
      while [ "$offset" -lt "$size" ]; do
        send $((size - offset))
        lively=$now
      done
    fi
    if [ -n "$closed" ]; then
      echo "end $seq $size"
      seq=$((seq + 1)) offset=0
      return
    fi
    pulse
    rest
    look
  done
}

# A shorter rest while something happens.
rest() {
  case $poll in
    0*) if [ $((now - lively)) -lt 3 ]; then nap "$poll"; else nap 0.5; fi ;;
    *) nap "$poll" ;;
  esac
}

# Whether it is worth a process to look at the size of the file that is sent: not every time when all
# is quiet. Where a shell compares whole seconds only, the look once a second has the last word.
has_grown() {
  # shellcheck disable=SC3013 # dash and busybox ash know -nt
  [ -n "$closed" ] || [ "$last" -gt "$offset" ] || [ $((now - lively)) -lt 3 ] || [ "$name" -nt lease ]
}

# Sends some of the $1 bytes that are there: as much as goes in about a second.
send() {
  block=65536
  [ "$1" -ge "$block" ] || block=$1
  amount=$1
  [ "$amount" -le "$grain" ] || amount=$grain
  blocks=$((amount / block))
  amount=$((blocks * block))
  clock
  begin=$now
  echo "data $seq $offset $amount"
  dd bs="$block" count="$blocks" <&4 2>/dev/null &
  sender=$!
  await "$sender" || leave 5
  sender=
  offset=$((offset + amount))
  clock
  if [ $((now - begin)) -gt 1 ] && [ "$grain" -gt 65536 ]; then grain=$((grain / 2)); fi
  if [ "$now" -eq "$begin" ] && [ "$grain" -lt 4194304 ]; then grain=$((grain * 2)); fi
  [ "$now" = "$said" ] || pulse
  listen
}

# Once a second: how things stand, and whether the recorder does.
pulse() {
  clock
  [ "$now" != "$said" ] || return 0
  said=$now
  if [ $((now % 5)) -eq 0 ] || [ -z "$free" ]; then free_space; fi
  skip=$((seq - first))
  # shellcheck disable=SC2086 # words are wanted
  held $names
  behind=$((part > offset ? part - offset : 0))
  echo "state newest=$newest size=$last held=$held free=${free:-0} behind=$behind removed=$((first - 1)) up=$looked"
  if [ -e running ] && ! kill -0 "$recorder" 2>/dev/null; then bury; fi
}

# The recorder was killed: nobody else would end its engine.
bury() {
  load_state || return 0
  [ "$why" = interrupted ] || return 0
  end_tree "$child"
  rm -f running wanted
}

say_log() {
  read_log | while read -r line; do
    line=${line#"$return"}
    case $line in 'File: '* | *'cap_set_proc() fail'* | '') ;; *) echo "log $line" ;; esac
  done
}

say_over() {
  load_state || lost
  [ "$phase" = ended ] || why=interrupted
  say_log
  echo "over $why $code${captured:+ captured=$captured}${received:+ received=$received}${dropped:+ dropped=$dropped}"
  while [ "$stops" -eq 0 ]; do
    pulse
    nap 1
  done
  take_away
  leave 0
}

# ---- short verbs ----

# Ends what records, and has the spool removed: by its recorder, or here where that is gone.
take_away() {
  load_state
  unwant wanted kept
  tries=0
  while [ -d "$spool" ] && load_state && is_alive && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    nap "$moment"
  done
  if [ -e running ]; then bury; fi
  [ ! -d "$spool" ] || destroy
}

list() {
  ended=
  [ -e running ] || ended=1
  know
  # One that vanished without a word writes no more, though nobody could say so.
  [ "$phase" != ended ] || ended=1
  printf '%s' "$text" | while read -r field value; do echo "state $field $value"; done
  number=$first
  # shellcheck disable=SC2086 # words are wanted
  set -- $names
  {
    if [ $# -eq 0 ]; then
      :
    elif stat -c %s . >/dev/null 2>&1; then
      stat -c '%s %Y %n' "$@" 2>/dev/null
    else
      # Not every image can tell times as numbers.
      # shellcheck disable=SC2012 # names hold no spaces
      ls -n "$@" 2>/dev/null | while read -r _ _ _ _ size _ _ _ file; do echo "$size - $file"; done
    fi
  } | while read -r size time file; do
    while [ $# -gt 0 ] && [ "$1" != "$file" ]; do
      shift
      number=$((number + 1))
    done
    [ $# -gt 0 ] || break
    growth=closed
    if [ $# -eq 1 ] && [ -z "$ended" ]; then growth=open; fi
    echo "file $number $size $time $growth ${file#ring/}"
  done
  free_space
  echo "free ${free:-0}"
  [ -z "$ended" ] || say_log
  echo ok
}

# Sets name to that of the file with the number $1 and keeps the spool for whoever reads it.
find() {
  know
  true >lease
  name_of "$1" || fail 4 "file $1 is gone"
}

read_range() {
  find "$seq"
  { send_range 4<"$name"; } 2>/dev/null || fail "$?" "file $seq is gone, or shorter"
}

send_range() {
  # shellcheck disable=SC2046 # words are wanted
  set -- $(ls -nL /proc/self/fd/4)
  [ "$5" -ge $((offset + length)) ] || return 5
  seek
  # Whole blocks first, for speed.
  [ "$length" -lt 65536 ] || dd bs=65536 count=$((length / 65536)) <&4 || return 5
  length=$((length % 65536))
  [ "$length" -eq 0 ] || dd bs="$length" count=1 <&4 || return 5
}

# Moves descriptor 4 to `offset`.
seek() {
  [ "$offset" -gt 0 ] || return 0
  dd bs=65536 skip=$((offset / 65536)) count=0 <&4
  dd bs=1 skip=$((offset % 65536)) count=0 <&4
}

pack() {
  know
  true >lease
  found=
  gone=0
  for seq in $seqs; do
    if name_of "$seq"; then found="$found ${name#ring/}"; else gone=4; fi
  done
  cd ring || fail 3 'no spool'
  if [ -n "$found" ]; then
    # shellcheck disable=SC2086 # words are wanted
    tar -cf - $found || gone=4
  fi
  return "$gone"
}

sum() {
  gone=0
  for seq in $seqs; do
    (find "$seq" && add_up <"$name") || gone=4
  done
  return "$gone"
}

add_up() {
  # Where the processor has instructions for it, openssl takes a sixth of the time, the target's time.
  if command -v openssl >/dev/null; then
    set -- "$(openssl dgst -sha256 -r)"
  elif command -v sha256sum >/dev/null; then
    set -- "$(sha256sum)"
  else
    echo unsupported
    return
  fi
  echo "sum $seq ${1%% *}"
}

# Waits until the recording has ended, 10 s at most.
stop() {
  load_state || fail 3 'no spool'
  unwant wanted
  clock
  begin=$now
  while [ -e running ] && [ $((now - begin)) -lt 10 ]; do
    if ! is_alive; then bury; fi
    nap "$moment"
    clock
  done
  [ ! -e running ] || fail 1 'the recorder does not end'
}

# Engines write what they get within half a second; the kernel gives it to them within one.
flush() {
  load_state || fail 3 'no spool'
  if [ -e running ]; then nap 2; fi
}

verb=$1
shift
read_options "$@"
[ -n "$spool" ] || fail 2 'which spool?'
told='' moment=0.1
sleep 0.01 2>/dev/null || moment=1
case $verb in
  record | follow) "$verb" ;;
  *)
    enter
    case $verb in
      read) read_range ;;
      tar) pack ;;
      remove) take_away ;;
      list | sum | stop | flush) "$verb" ;;
      *) fail 2 "not a verb: $verb" ;;
    esac
    ;;
esac
