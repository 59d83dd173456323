import type { CommandModule } from 'yargs';
import { runNode } from '../node-process.js';
import { exit, note, Refused, UsageError } from '../output.js';
import { loadSettings } from '../settings.js';

/** What is done to a data folder is the node's own work: these commands pass their arguments on to `cosmic-node`. */
const passedOn: Readonly<Record<string, string>> = {
  fsck: 'Check a data folder: ids, signatures, counts, index',
  backup: 'Back up a node that runs or not: cosmic backup to PLACE; list, verify; FOLDER for one plain copy',
  restore: 'Make a data folder of a backup: cosmic restore PLACE|FOLDER --data DIR',
  migrate: 'Bring an older data folder to this version (a start does it too); --dry-run tries it on a copy',
  vacuum: 'Give back the space of what was erased (node stopped)',
  // Its help is that of commands/erase.ts.
  erase: '',
  retention: 'Show or do what retention rules ask: cosmic retention test|apply FILE',
  access: 'API keys of a node: cosmic access list | add NAME SCOPE… | remove NAME',
  simulate: 'Run a world of nodes from a seed: cosmic simulate WORLD.json [--seed N] [--seeds COUNT]',
  policy:
    'Try admission rules on the stored blocks, or rules of respond on last week’s traffic: cosmic policy test|replay FILE',
};

/** What stays when Ctrl-C ends one of them, and how it goes on. */
const whenStopped: Readonly<Record<string, string>> = {
  fsck: 'looking changes nothing; call it again to begin anew',
  backup: 'a backup that was not finished does not count, earlier ones are as they were; call it again',
  restore: 'a store appears when it is whole, so there is none yet; call it again',
  migrate: 'call it again, or start the node, which does it too',
  vacuum: 'the store holds what it held; call it again',
  erase: 'what was erased stays erased; cosmic erase --resume finishes it',
  retention: 'what was erased stays erased; call it again',
};

/** Shown by --help, each as it is typed. */
const examples: Readonly<Record<string, readonly string[]>> = {
  fsck: ['fsck', 'fsck --data ./data --json'],
  backup: ['backup to ./backups', 'backup list ./backups', 'backup verify ./backups'],
  restore: ['restore ./backups --data ./restored'],
  migrate: ['migrate --dry-run', 'migrate'],
  vacuum: ['vacuum'],
  retention: ['retention test rules.json', 'retention apply rules.json'],
  access: ['access add lab read publish', 'access list'],
  simulate: ['simulate world.json --seeds 20'],
  policy: ['policy test policy.json', 'policy replay respond.json'],
};

export const maintenanceCommands: readonly CommandModule[] = Object.entries(passedOn)
  .filter(([name]) => name !== 'erase')
  .map(([name, describe]) => ({
    command: `${name} [rest..]`,
    describe,
    builder: (yargs) => examples[name]!.reduce((made, line) => made.example(`cosmic ${line}`, ''), yargs).strict(false),
    // Reached only where flags stand before the command: nothing was done, and nobody may take that for a backup.
    handler: () => {
      throw new UsageError(`flags stand behind the command: cosmic ${name} … --data DIR`);
    },
  }));

/** Is this for `cosmic-node`? Erasing through a running node is not. */
export function isMaintenance(args: readonly string[]): boolean {
  const asked = ['--help', '-h', '--online'].some((flag) => args.includes(flag));
  return Object.hasOwn(passedOn, withoutHome(args)[0] ?? '') && !asked;
}

/** Runs `cosmic-node` with the same words, and the configured data folder and network unless others are given. */
export async function runMaintenance(args: readonly string[]): Promise<void> {
  const named = (flag: string): boolean => args.some((word) => word === flag || word.startsWith(`${flag}=`));
  const at = args.indexOf('--home');
  const isSimulation = withoutHome(args)[0] === 'simulate';
  const settings = loadSettings(at < 0 ? {} : { home: args[at + 1] });
  const status = await runNode([
    ...withoutHome(args),
    ...(named('--data') || isSimulation ? [] : ['--data', settings.data]),
    ...(named('--network') || isSimulation ? [] : ['--network', settings.network]),
  ]);
  const goOn = whenStopped[withoutHome(args)[0]!];
  if (status === exit.interrupted && goOn !== undefined) note(`\ncosmic: stopped: ${goOn}`);
  if (status !== 0) throw new Refused(status);
}

/** `--home DIR` is for this program alone, wherever it stands. */
function withoutHome(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--home');
  return at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)];
}
