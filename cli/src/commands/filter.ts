import { CosmicError } from '@cosmicembeddings/sdk';
import { fields, filterOfTexts, type Filter } from '@cosmicembeddings/sdk/filter';
import type { Argv } from 'yargs';
import { UsageError } from '../output.js';

/** The flags of a filter, one for each of its fields. */
export type FilterFlags = Readonly<Record<string, unknown>>;

/** Words that people look for. */
const aliases: Readonly<Record<string, string>> = { from: 'since', to: 'until' };

export function filterFlags<T>(yargs: Argv<T>): Argv<T> {
  for (const [, { name, says, isList, schema }] of fields) {
    const type = schema['type'] === 'boolean' ? 'boolean' : 'string';
    yargs.option(name, {
      type,
      describe: isList === true ? `${says}; may be repeated` : says,
      ...(isList === true ? { array: true, nargs: 1 } : {}),
      ...(aliases[name] === undefined ? {} : { alias: aliases[name] }),
    });
  }
  return yargs;
}

/** @throws UsageError that names the flag */
export function filterOf(flags: FilterFlags): Filter {
  try {
    return filterOfTexts(flags);
  } catch (error) {
    throw error instanceof CosmicError ? new UsageError(`--${error.detail}`) : error;
  }
}
