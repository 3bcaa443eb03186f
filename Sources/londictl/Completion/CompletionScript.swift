/// The shells whose lines londictl completes, each by a script that asks `londictl complete`.
enum Shell: String, CaseIterable {
    case bash, zsh, fish

    var script: String {
        switch self {
        case .bash:
            #"""
            # Completes londictl in bash. Loaded by: source <(londictl completion bash)
            _londictl() {
                local word line words=() index
                # bash splits --name=value into three words.
                for ((index = 1; index <= COMP_CWORD; index++)); do
                    word=${COMP_WORDS[index]}
                    [ "$word" != = ] || { [ "$index" = "$COMP_CWORD" ] || continue; word=; }
                    words+=("$word")
                done
                COMPREPLY=()
                while IFS= read -r line; do
                    if [ "$line" = :files ]; then
                        compopt -o filenames
                        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
                    else
                        COMPREPLY+=("${line%%$'\t'*}")
                    fi
                done < <("${COMP_WORDS[0]}" complete -- "${words[@]}" 2>/dev/null)
            }
            complete -F _londictl londictl

            """#
        case .zsh:
            #"""
            #compdef londictl
            # Completes londictl in zsh. Loaded by: source <(londictl completion zsh), after compinit, or as _londictl in $fpath.
            _londictl() {
                local line
                local -a lines described
                lines=("${(@f)$("$words[1]" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
                for line in $lines; do
                    if [[ $line == :files ]]; then
                        _files
                    else
                        described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
                    fi
                done
                (( $#described )) && _describe -V londictl described
            }
            if [[ $funcstack[1] == _londictl ]]; then _londictl "$@"; else compdef _londictl londictl; fi

            """#
        case .fish:
            #"""
            # Completes londictl in fish. Loaded by: londictl completion fish | source
            function __londictl_complete
                set -l words (commandline -opc)
                set -l current (commandline -ct)
                for line in ($words[1] complete -- $words[2..] "$current" 2>/dev/null)
                    if test "$line" = :files
                        __fish_complete_path "$current"
                    else
                        echo $line
                    end
                end
            end
            complete -c londictl -f -k -a '(__londictl_complete)'

            """#
        }
    }
}
