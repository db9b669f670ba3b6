# The recorder's state: a file of fixed size that is overwritten in place, so that it can be updated on a full disk.

write_state() {
  ticket=$((ticket + 1))
  state="ticket $ticket${newline}version 1${newline}pid $own_pid${newline}born $own_start${newline}engine $engine"
  state="$state${newline}enginepid $engine_pid${newline}device ${device:--}${newline}phase $phase"
  state="$state${newline}started $started${newline}filekb ${filekb:-0}${newline}files ${files:-0}"
  state="$state${newline}age ${age:-0}${newline}newest $newest${newline}removed $((first - 1))"
  state="$state${newline}bytes $bytes$outages"
  if [ "$phase" = ended ]; then
    state="$state${newline}why $why${newline}exit $code${newline}ended $ended${captured:+${newline}captured $captured}"
    state="$state${received:+${newline}received $received}${dropped:+${newline}dropped $dropped}$unmatched"
  fi
  printf '%-4095s\n' "$state${newline}argv $argv${newline}end $ticket" 2>/dev/null 1<>state
}

# Reads the complete state, which may be written at the same time. A recorder that ended without recording a reason was
# interrupted.
load_state() {
  state=
  tries=0
  while [ -z "$state" ] && [ "$tries" -lt 50 ]; do
    tries=$((tries + 1))
    text='' phase='' why='' code=0 captured='' received='' dropped='' first_ticket='' outages='' unmatched=''
    while read -r name value; do
      case $name in
        ticket) first_ticket=$value ;;
        pid) recorder_pid=$value ;;
        born) recorder_start=$value ;;
        enginepid) engine_pid=$value ;;
        engine) engine=$value ;;
        device) device=$value ;;
        phase) phase=$value ;;
        why) why=$value ;;
        exit) code=$value ;;
        captured) captured=$value ;;
        received) received=$value ;;
        dropped) dropped=$value ;;
        outage) outages="$outages$value$newline" ;;
        passed | connected) unmatched="$unmatched$name $value$newline" ;;
        end)
          [ "$value" = "$first_ticket" ] && state=complete
          break
          ;;
      esac
      [ "$name" = phase ] || text="$text$name $value$newline"
    done 2>/dev/null <state
  done
  [ -n "$state" ] || return 1
  if [ "$phase" != ended ] && ! is_recorder_alive; then
    phase=ended why=interrupted code=137
    text="${text}why $why${newline}exit $code$newline"
  fi
  text="${text}phase $phase$newline"
}

is_recorder_alive() {
  read_start_time "$recorder_pid" && [ "$start_time" = "$recorder_start" ]
}
