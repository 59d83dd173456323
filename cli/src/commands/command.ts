import type { Argv, ArgumentsCamelCase, CommandModule } from 'yargs';
import { strictValues } from '../values.js';
import { loadSettings, type GlobalFlags, type Settings } from '../settings.js';

/** One `cosmic` command: its own flags and what it does with the settings. */
export interface Command<Flags> {
  readonly command: string | readonly string[];
  readonly describe: string;
  /** Shown by --help: whole command lines, and what each does. */
  readonly examples?: readonly (readonly [line: string, does: string])[];
  /** Declares the flags; that they fit `Flags` is the file's own business, kebab-case names read as camelCase. */
  readonly builder?: (yargs: Argv<GlobalFlags>) => unknown;
  run(args: ArgumentsCamelCase<Flags & GlobalFlags>, settings: Settings): Promise<void> | void;
}

/** As yargs wants it; the settings are read once the command line has been understood. */
export function define<Flags>({
  command,
  describe,
  examples = [],
  builder,
  run,
}: Command<Flags>): CommandModule<GlobalFlags, Flags & GlobalFlags> {
  let clean = <T>(args: T): T => args;
  return {
    command,
    describe,
    builder: (yargs: Argv<GlobalFlags>) => {
      const built = (builder?.(yargs) ?? yargs) as Argv<Flags & GlobalFlags>;
      for (const [line, does] of examples) built.example(line, does);
      clean = strictValues(built as unknown as Argv, [command].flat()[0]!);
      return built;
    },
    handler: async (args) => {
      const meant = clean(args);
      await run(meant, loadSettings(meant));
    },
  };
}

/** Flags of everything that says where and when. */
export function momentFlags<T>(yargs: Argv<T>) {
  return yargs
    .option('at', { type: 'string', describe: 'claimed time in UTC, such as 2026-11-21T22:00:00Z; now when left out' })
    .option('latitude', { type: 'number', describe: 'degrees north; without a place the stamp is geocentric' })
    .option('longitude', { type: 'number', describe: 'degrees east' })
    .option('elevation', { type: 'number', describe: 'metres above the ellipsoid' })
    .option('grid', { type: 'number', describe: 'coarsen the place to a grid of so many degrees' });
}
