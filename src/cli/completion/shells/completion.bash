# bash completion for kubectl-netdebug (bash 3.2 and later; bash-completion is not needed).
# For `kubectl netdebug`, kubectl calls kubectl_complete-netdebug instead.
_kubectl_netdebug() {
  # bash also splits words at = and :. Join them again, up to the cursor.
  local line="${COMP_LINE:0:COMP_POINT}" rest trimmed i count=0
  local -a words=()
  rest=$line
  for ((i = 0; i <= COMP_CWORD; i++)); do
    trimmed="${rest#"${rest%%[![:space:]]*}"}"
    local word="${COMP_WORDS[i]}"
    [ "$i" -eq "$COMP_CWORD" ] && word=$trimmed
    if [ "$count" -gt 0 ] && [ "$trimmed" = "$rest" ]; then
      words[count - 1]="${words[count - 1]}$word"
    else
      words[count]=$word
      count=$((count + 1))
    fi
    rest=${trimmed#"$word"}
  done

  local typed="${words[count - 1]}" output candidate directive
  output=$(kubectl-netdebug __complete "${words[@]:1}" 2>/dev/null </dev/null) || return
  directive=${output##*:}
  output=${output%:*}
  case $typed in --*=*) typed=${typed#*=} ;; esac
  # bash does not replace the part before the last colon.
  local before=''
  case $COMP_WORDBREAKS in *:*) case $typed in *:*) before=${typed%:*}: ;; esac ;; esac
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate=${candidate%%$'\t'*}
    [ -n "$candidate" ] && COMPREPLY+=("$(printf '%q' "${candidate#"$before"}")")
  done <<<"$output"
  case $directive in 2 | 6) compopt -o nospace 2>/dev/null ;; esac
  case $directive in
    0 | 2)
      compopt -o default 2>/dev/null ||
        while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "$typed")
      ;;
  esac
}
complete -F _kubectl_netdebug kubectl-netdebug
