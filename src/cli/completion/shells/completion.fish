# fish completion for kubectl-netdebug.
# For `kubectl netdebug`, kubectl calls kubectl_complete-netdebug instead.
function __kubectl_netdebug_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -e words[1]
    set -l lines (kubectl-netdebug __complete $words "$typed" 2>/dev/null </dev/null)
    set -l directive (string sub -s 2 -- $lines[-1])
    set -e lines[-1]
    # The candidates are only values, but fish expects whole words.
    set -l flag (string match -r -- '^--[^=]*=' "$typed")
    for line in $lines
        printf "%s%s\n" "$flag" "$line"
    end
    if test (count $lines) -eq 0; and test "$directive" = 0
        __fish_complete_path (string replace -r -- '^--[^=]*=' '' "$typed")
    end
end
complete -c kubectl-netdebug -f -k -a '(__kubectl_netdebug_complete)'
