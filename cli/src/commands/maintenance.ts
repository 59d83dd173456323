import type { CommandModule } from 'yargs';
import { runNode } from '../node-process.js';
import { Refused } from '../output.js';
import { loadSettings } from '../settings.js';

/** What is done to a data folder is the node's own work: these commands pass their arguments on to `cosmic-node`. */
const passedOn: Readonly<Record<string, string>> = {
  fsck: 'Check a data folder: ids, signatures, counts, index (node stopped)',
  backup: 'Copy a data folder to another one: cosmic backup FOLDER',
  restore: 'Make a data folder of a backup: cosmic restore FOLDER',
  vacuum: 'Give back the space of what was erased (node stopped)',
  erase: 'Erase bodies of blocks for good: cosmic erase ID… [--prove]',
  policy: 'Try admission rules on the stored blocks: cosmic policy test FILE',
};

export const maintenanceCommands: readonly CommandModule[] = Object.entries(passedOn).map(([name, describe]) => ({
  command: `${name} [rest..]`,
  describe,
  builder: (yargs) => yargs.strict(false),
  handler: () => undefined,
}));

export function isMaintenance(args: readonly string[]): boolean {
  return Object.hasOwn(passedOn, args[0] ?? '') && !args.includes('--help') && !args.includes('-h');
}

/** Runs `cosmic-node` with the same words, and the configured data folder unless another one is given. */
export async function runMaintenance(args: readonly string[]): Promise<void> {
  const named = args.some((word) => word === '--data' || word.startsWith('--data='));
  const at = args.indexOf('--home');
  const rest = at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)];
  const settings = loadSettings(at < 0 ? {} : { home: args[at + 1] });
  const status = await runNode(named ? rest : [...rest, '--data', settings.data]);
  if (status !== 0) throw new Refused(status);
}
