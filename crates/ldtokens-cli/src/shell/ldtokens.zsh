#compdef ldtokens
_ldtokens() {
    local answer candidate value
    local -a open whole
    answer=$(
        _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((CURRENT - 1)) COMPLETE=zsh \
            command ldtokens -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" < /dev/null 2> /dev/null
    )
    for candidate in "${(@f)answer}"; do
        [[ -n $candidate ]] || continue
        # The description begins at the first colon without a backslash.
        value=${${candidate//\\:/=}%%:*}
        # What something has to follow gets no blank.
        if [[ $value == *[=/,] ]]; then
            open+=("$candidate")
        else
            whole+=("$candidate")
        fi
    done
    (( $#open )) && _describe -V 'completions' open -S ''
    (( $#whole )) && _describe -V 'completions' whole
}
compdef _ldtokens ldtokens
