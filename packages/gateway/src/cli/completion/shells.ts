// Each asks the program itself at every key press: what may come next depends on the project. A line of the answer is a
// value, a tab and what it is. Where there is none the shell offers files.

const bash = `# dropgate completion for bash
_dropgate() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("$1" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _dropgate dropgate`;

const zsh = `#compdef dropgate
# dropgate completion for zsh
_dropgate() {
  local line value
  local -a found
  while IFS= read -r line; do
    value=\${line%%$'\\t'*}
    found+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#found )); then
    _describe 'dropgate' found
  else
    _files
  fi
}
if [[ $funcstack[1] == _dropgate ]]; then
  _dropgate "$@"
else
  compdef _dropgate dropgate
fi`;

const fish = `# dropgate completion for fish
function __dropgate_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c dropgate -f -a '(__dropgate_complete)'`;

/** The script of each shell. */
export const shells = { bash, zsh, fish } as const;
