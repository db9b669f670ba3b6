#compdef kubectl-netdebug
# zsh completion for kubectl-netdebug.
# For `kubectl netdebug`, kubectl calls kubectl_complete-netdebug instead.
_kubectl-netdebug() {
  local output directive line value
  local -a lines described
  local -a typed=("${(@Q)words[2,CURRENT]}")
  output=$(kubectl-netdebug __complete "${typed[@]}" 2>/dev/null </dev/null) || return 1
  lines=("${(@f)output}")
  directive=${lines[-1]#:}
  lines[-1]=()
  # The candidates are only values, also after --flag=.
  [[ $PREFIX == --*=* ]] && compset -P '*='
  for line in "${lines[@]}"; do
    [[ -z $line ]] && continue
    value=${line%%$'\t'*}
    if [[ $line == *$'\t'* ]]; then
      described+=("${value//:/\\:}:${line#*$'\t'}")
    else
      described+=("${value//:/\\:}")
    fi
  done
  if (( ${#described} )); then
    if (( directive & 2 )); then
      _describe -V candidates described -S ''
    else
      _describe -V candidates described
    fi
  elif (( ! (directive & 4) )); then
    _files
  else
    return 1
  fi
}
if [ "${funcstack[1]}" = _kubectl-netdebug ]; then
  _kubectl-netdebug "$@"
else
  compdef _kubectl-netdebug kubectl-netdebug
fi
