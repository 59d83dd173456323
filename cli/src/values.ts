import { decimalOf, durationMsOf } from '@cosmicembeddings/sdk/schema';
import type { Argv } from 'yargs';
import { UsageError } from './output.js';

/** A decimal number, all of the text. @throws UsageError */
export function numberOf(name: string, text: string): number {
  const number = decimalOf(text);
  if (number === undefined)
    throw new UsageError(
      `${name} ${JSON.stringify(text)}: expected a decimal number, such as ${name === '--port' ? '8080' : '48.137'}`,
    );
  return number;
}

/** Milliseconds of a whole number with its unit: 90s, 30m, 12h, 7d. @throws UsageError */
export function durationOf(name: string, text: string): number {
  const ms = durationMsOf(text);
  if (ms === undefined)
    throw new UsageError(`${name} ${JSON.stringify(text)}: expected a duration, such as 90s, 30m, 12h or 7d`);
  return ms;
}

/** One address, or several with commas between them. @throws UsageError */
export function addressesOf(name: string, text: string): readonly string[] {
  return text.split(',').map((one) => addressOf(name, one.trim()));
}

/** An http(s) address without anything that is no part of one. @throws UsageError */
export function addressOf(name: string, text: string): string {
  const bad = (why: string): UsageError => new UsageError(`${name} ${JSON.stringify(text)}: ${why}`);
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw bad('expected an address such as http://127.0.0.1:8080');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw bad('credentials do not belong into an address; use --token');
  if (url.search !== '' || url.hash !== '') throw bad('query and fragment are no part of a node’s address');
  return text;
}

/** Marks a word that stands behind `--`, so that the parser takes it for an operand whatever it begins with. */
const OPERAND = '\u0000operand:';

/** POSIX guideline 10: what follows the first `--` are operands, whatever they begin with. */
export function markOperands(args: readonly string[]): string[] {
  const at = args.indexOf('--');
  return at < 0 ? [...args] : [...args.slice(0, at), ...args.slice(at + 1).map((word) => OPERAND + word)];
}

function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unmarked);
  return typeof value === 'string' && value.startsWith(OPERAND) ? value.slice(OPERAND.length) : value;
}

/**
 * Declares that flags mean what they say, and answers what to do with the parsed ones: a number is a number, a flag with an
 * empty value is not set, and one that takes one value is given once.
 */
export function strictValues(yargs: Argv, command: string): <T>(args: T) => T {
  const options = (yargs as unknown as { getOptions(): Record<'string' | 'number' | 'array', string[]> }).getOptions();
  const lists = new Set(options.array);
  const operands = new Set([...command.matchAll(/[<[](\w+)/g)].map((match) => match[1]!));
  const numbers = new Set(options.number);
  // The parser would make 0 of an empty text.
  options.number.splice(0);
  yargs.string([...numbers]);
  yargs.requiresArg([...options.string].filter((name) => !lists.has(name) && name !== 'help'));
  return (args) => {
    const cleaned = Object.entries(args as Record<string, unknown>).map(([key, raw]): [string, unknown] => {
      const value = unmarked(raw);
      const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      if (operands.has(key) || key === '_' || key === '$0') return [key, value];
      if (Array.isArray(value) && !lists.has(name)) throw new UsageError(`--${name} is given more than once`);
      if (Array.isArray(value)) {
        const filled: unknown[] = value.filter((one) => one !== '');
        return [key, filled.length === 0 ? undefined : filled];
      }
      if (value === '') return [key, undefined];
      return [key, numbers.has(name) && typeof value === 'string' ? numberOf(`--${name}`, value) : value];
    });
    return Object.fromEntries(cleaned) as typeof args;
  };
}
