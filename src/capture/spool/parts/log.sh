# What the engine said.

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
      # The answer to USR1, not an end.
      *' captured, '*) ;;
      *' captured') captured=${line%% *} ;;
      *' received by filter') received=${line%% *} ;;
      *' dropped by kernel' | *' dropped by interface')
        dropped=$((${dropped:-0} + ${line%% *}))
        case $line in *kernel) dropped_by_kernel=${line%% *} ;; esac
        ;;
      'Packets captured: '*) captured=${line##* } ;;
      'Packets received/dropped on '*)
        line=${line##*\': }
        received=${line%%/*}
        line=${line#*/}
        dropped=${line%% *}
        ;;
      *'nterface disappeared'* | *'no longer attached'*) disappeared=1 ;;
      *'o space left'* | *'isk quota'* | *' full'*) full=1 ;;
    esac
  done 2>/dev/null <"$1"
}

# What tcpdump last answered to USR1: packets that it has taken, and that had passed the filter; empty without an answer.
hear_progress() {
  taken='' passed=''
  while read -r line; do
    case $line in
      *' captured, '*' received by filter'*)
        line=${line#*: }
        taken=${line%% *}
        line=${line#*captured, }
        passed=${line%% *}
        ;;
    esac
  done 2>/dev/null <log
}

say_log() {
  read_log | while read -r line; do
    line=${line#"$return"}
    case $line in 'File: '* | *' captured, '* | *'cap_set_proc() fail'* | '') ;; *) echo "log $line" ;; esac
  done
}
