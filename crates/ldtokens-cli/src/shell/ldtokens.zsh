#compdef ldtokens
_ldtokens() {
    local output candidate value
    local -a partial complete
    output=$(
        _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((CURRENT - 1)) COMPLETE=zsh \
            command ldtokens -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" < /dev/null 2> /dev/null
    )
    for candidate in "${(@f)output}"; do
        [[ -n $candidate ]] || continue
        # The description begins at the first colon without a backslash.
        value=${${candidate//\\:/=}%%:*}
        # A candidate that is not complete gets no space.
        if [[ $value == *[=/,] ]]; then
            partial+=("$candidate")
        else
            complete+=("$candidate")
        fi
    done
    (( $#partial )) && _describe -V 'completions' partial -S ''
    (( $#complete )) && _describe -V 'completions' complete
}
compdef _ldtokens ldtokens
