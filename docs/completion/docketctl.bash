# shellcheck shell=bash
# Completion of docketctl and docket's other programs for bash: source it, or
# put it as `docketctl` into /usr/share/bash-completion/completions, with links
# to it named like the other programs.  What may come next is asked of the
# programs themselves, so nothing here goes stale.

# Bash cuts words at "=": here they are whole again, in words[]; cur is the one
# being typed.
_docket_words() {
    local w glue='' i
    words=()
    for ((i = 1; i <= COMP_CWORD; i++)); do
        w=${COMP_WORDS[i]}
        if [[ ($w == = || -n $glue) && ${#words[@]} -gt 0 ]]; then
            words[${#words[@]} - 1]+=$w
        else
            words+=("$w")
        fi
        [[ $w == = ]] && glue=1 || glue=''
    done
    cur=${words[${#words[@]} - 1]}
}

# Lines of candidates become COMPREPLY.  After "=" bash replaces only what
# follows it; nothing is put after a word that ends with "=".
_docket_reply() {
    local word rest files=${cur#*=}
    [[ $cur == *=* ]] || files=$cur
    while IFS=$'\t' read -r word rest; do
        if [[ $word == :files ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r rest; do
                COMPREPLY+=("$rest")
            done < <(compgen -f -- "$files")
            continue
        fi
        [[ $word != *= ]] || compopt -o nospace 2>/dev/null
        [[ $cur != *=* ]] || word=${word#*=}
        COMPREPLY+=("$word")
    done
}

_docketctl() {
    local words cur
    COMPREPLY=()
    _docket_words
    _docket_reply < <("$1" --complete "${words[@]}" 2>/dev/null)
}

# Options of a program as its --help shows them, and what their values are.
_docket_options() {
    "$1" --help 2>/dev/null | awk '/^ +--/ {
        for (i = 1; i <= NF && $i ~ /^--[a-z]/; ) {
            o = $(i++); v = ""
            sub(/,$/, "", o)
            if (i <= NF && $i !~ /^--/ && $i ~ /^[A-Z+]/) {
                v = $(i++); sub(/,$/, "", v)
            }
            print o "\t" v
        }
    }'
}

_docket_program() {
    local words cur option value before=''
    COMPREPLY=()
    _docket_words
    ((${#words[@]} < 2)) || before=${words[${#words[@]} - 2]}
    [[ $cur != --*=* ]] || before=${cur%%=*}
    while IFS=$'\t' read -r option value; do
        if [[ $option == "$before" && -n $value ]]; then
            case $value in
            FILE* | DIR | FOLDER | NEW) _docket_reply <<<:files ;;
            esac
            return
        fi
    done < <(_docket_options "$1")
    [[ $cur == -* ]] || return
    while IFS=$'\t' read -r option value; do
        [[ $option != "$cur"* ]] || COMPREPLY+=("$option")
    done < <(_docket_options "$1")
}

complete -F _docketctl docketctl
complete -F _docket_program docketd docket-assign docket-deadline \
    docket-escalate docket-kiosk docket-metrics docket-notify docket-relay \
    docket-simulate docket-web
