import { BadInput } from "./exit.ts";
import type { Invocation } from "./options.ts";
import type { Shell } from "./shell.ts";

/** The scripts. Each asks `deployer complete`, and offers files where that has nothing to say. */
export const SHELLS: Readonly<Record<string, string>> = {
  bash: `_deployer() {
  local line=\${COMP_LINE:0:COMP_POINT} words current candidate
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=\${words[\${#words[@]}-1]}
  # Bash replaces what stands behind the last : or = of a word.
  local kept=\${current%"\${current##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("\${candidate#"$kept"}")
  done < <("\${words[0]}" complete "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _deployer deployer deployer-runner
`,
  zsh: `#compdef deployer deployer-runner
_deployer() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n $candidates[1] ]]; then compadd -a candidates; else _files; fi
}
compdef _deployer deployer deployer-runner
`,
  fish: `function __deployer_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  $words[1] complete $words[2..-1] "$current" 2>/dev/null
  or __fish_complete_path "$current"
end
complete -c deployer -f -a '(__deployer_complete)'
complete -c deployer-runner -f -a '(__deployer_complete)'
`,
};

/**
 * Prints the completion of a shell.
 *
 * @throws {BadInput} If it is not known
 */
export async function completion(
  { operands: [name = ""] }: Invocation,
  { stdout }: Shell,
): Promise<number> {
  const script = Object.hasOwn(SHELLS, name) ? SHELLS[name] : undefined;
  if (script === undefined) {
    throw new BadInput(`expected bash, zsh or fish: received ${JSON.stringify(name)}`);
  }
  await stdout.write(script);
  return 0;
}
