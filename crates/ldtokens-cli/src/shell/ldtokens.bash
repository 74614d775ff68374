# Bash splits words at = and :, so ldtokens gets the whole line, and prints replacements for the last part that bash sees.
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
# A complete candidate ends with a space. `nosort` needs bash 4.4.
complete -o nospace -o bashdefault -o nosort -F _ldtokens ldtokens 2> /dev/null ||
    complete -o nospace -o bashdefault -F _ldtokens ldtokens
