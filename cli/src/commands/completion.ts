import { print } from '../output.js';
import { define } from './command.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Each asks the command itself what may follow, by the hidden flag that yargs answers; files where it knows nothing. */
const scripts: Readonly<Record<Shell, string>> = {
  bash: `_cosmic() {
  mapfile -t COMPREPLY < <(compgen -W "$(SHELL=bash cosmic --get-yargs-completions "\${COMP_WORDS[@]}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o bashdefault -o default -F _cosmic cosmic`,
  zsh: `#compdef cosmic
_cosmic() {
  local -a found
  found=("\${(@f)$(SHELL=zsh cosmic --get-yargs-completions "\${words[@]}" 2>/dev/null)}")
  if (( \${#found} )) && [[ -n "\${found[1]}" ]]; then _describe cosmic found; else _files; fi
}
compdef _cosmic cosmic`,
  fish: `complete -c cosmic -n 'test (count (commandline -opc)) -eq 1' -f
complete -c cosmic -a '(SHELL=fish cosmic --get-yargs-completions (commandline -opc) (commandline -ct) 2>/dev/null)'`,
};

export const completionCommand = define<{ shell: Shell }>({
  command: 'completion <shell>',
  describe: 'Print what makes a shell complete commands and flags',
  builder: (yargs) =>
    yargs
      .positional('shell', { choices: SHELLS, demandOption: true, describe: 'which shell' })
      .example('source <(cosmic completion bash)', 'in ~/.bashrc')
      .example('source <(cosmic completion zsh)', 'in ~/.zshrc, after compinit')
      .example('cosmic completion fish | source', 'in ~/.config/fish/config.fish'),
  run: ({ shell }) => print(scripts[shell]),
});
