# Bash breaks words at = and :, so the program is given the whole line, and answers with what goes where bash's word is.
_ldtokens() {
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <(
        COMPLETE=bash _LDTOKENS_LINE="${COMP_LINE:0:COMP_POINT}" _LDTOKENS_BREAKS="$COMP_WORDBREAKS" \
            _LDTOKENS_TYPE="${COMP_TYPE-}" _LDTOKENS_WIDTH="${COLUMNS-}" \
            command ldtokens -- ldtokens < /dev/null 2> /dev/null
    )
}
# A candidate that is whole ends in a blank of its own. Not sorting takes bash 4.4.
complete -o nospace -o bashdefault -o nosort -F _ldtokens ldtokens 2> /dev/null ||
    complete -o nospace -o bashdefault -F _ldtokens ldtokens
