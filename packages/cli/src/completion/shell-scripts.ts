/** Shells that can complete. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The verb that the scripts call; it prints one candidate per line, its help behind a tab. */
export const COMPLETE_VERB = '__complete'

const BASH = `# bash completion of windlass; load it with:  source <(windlass completion bash)
_windlass() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" ${COMPLETE_VERB} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _windlass windlass
`

const ZSH = `#compdef windlass
# zsh completion of windlass; load it with:  source <(windlass completion zsh)
_windlass() {
  local line
  local -a found
  for line in "\${(@f)$("\${words[1]}" ${COMPLETE_VERB} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#found} )); then _describe 'windlass' found; else _files; fi
}
compdef _windlass windlass
`

const FISH = `# fish completion of windlass; load it with:  windlass completion fish | source
function __windlass_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] ${COMPLETE_VERB} -- $words[2..] 2>/dev/null
end
complete -c windlass -f -a '(__windlass_complete)'
`

/** What makes a shell complete the words of \`windlass\`. */
export const SHELL_SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
