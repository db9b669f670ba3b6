# The engine's messages.

read_log() {
  cat log.begin log 2>/dev/null
}

# Reads what the engine reports about itself: its device if none was requested, and its counts at the end.
hear() {
  while read -r line; do
    # dumpcap prints a carriage return before its counts.
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
      # The answer to USR1, not the final counts.
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

# Reads tcpdump's answers to USR1: how many there are, and from the last one the packets that it has captured and those
# that have passed the filter and were not dropped. Both are empty without an answer.
hear_progress() {
  taken='' passed='' answers=0
  while read -r line; do
    case $line in
      *' captured, '*' received by filter'*)
        line=${line#*: }
        taken=${line%% *}
        line=${line#*captured, }
        passed=${line%% *}
        line=${line#*filter, }
        case $line in
          [0-9]*' dropped by kernel'*) passed=$((passed - ${line%% *})) ;;
        esac
        answers=$((answers + 1))
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
