# PowerShell completion for kubectl-netdebug.
# For `kubectl netdebug`, kubectl calls kubectl_complete-netdebug instead.
Register-ArgumentCompleter -Native -CommandName 'kubectl-netdebug' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
    # Older PowerShell versions omit an empty last argument unless it is quoted.
    $last = if ($wordToComplete) { $wordToComplete } elseif ($PSNativeCommandArgumentPassing -and
        $PSNativeCommandArgumentPassing -ne 'Legacy') { '' } else { '""' }
    $lines = @(& kubectl-netdebug __complete @words $last 2>$null)
    if ($lines.Count -lt 2) { return }
    $flag = if ($wordToComplete -match '^(--[^=]*=)') { $Matches[1] } else { '' }
    $lines[0..($lines.Count - 2)] | ForEach-Object {
        $value, $describe = $_ -split "`t", 2
        if (-not $describe) { $describe = $value }
        [System.Management.Automation.CompletionResult]::new(
            "$flag$value", $value, 'ParameterValue', $describe)
    }
}
