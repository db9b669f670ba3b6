# The engine's messages.

read_log() {
  cat log.begin log 2>/dev/null
}

# Reads what the engine reports about itself: its device if none was requested, and its counts at the end.
parse_log() {
  while read -r line; do
    # dumpcap prints a carriage return before its counts.
    line=${line#"$carriage_return"}
    case $line in
      *'listening on '*)
        line=${line#*listening on }
        logged_device=${line%%,*}
        ;;
      "Capturing on '"*)
        line=${line%\'}
        logged_device=${line##*[\' ]}
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
      *'o space left'* | *'isk quota'* | *' full'*) disk_full=1 ;;
    esac
  done 2>/dev/null <"$1"
}

# Reads tcpdump's answers to USR1: how many there are, and from the last one the packets that it has captured and those
# that have passed the filter and were not dropped. Both are empty without an answer.
parse_progress() {
  captured_so_far='' matched_so_far='' answers=0
  while read -r line; do
    case $line in
      *' captured, '*' received by filter'*)
        line=${line#*: }
        captured_so_far=${line%% *}
        line=${line#*captured, }
        matched_so_far=${line%% *}
        line=${line#*filter, }
        case $line in
          [0-9]*' dropped by kernel'*) matched_so_far=$((matched_so_far - ${line%% *})) ;;
        esac
        answers=$((answers + 1))
        ;;
    esac
  done 2>/dev/null <log
}

print_log() {
  read_log | while read -r line; do
    line=${line#"$carriage_return"}
    case $line in 'File: '* | *' captured, '* | *'cap_set_proc() fail'* | '') ;; *) echo "log $line" ;; esac
  done
}
