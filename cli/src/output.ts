import { codes, CosmicError, problemOf, type Code } from '@cosmicembeddings/sdk';

/** Exit codes, the same for every command. */
export const exit = { done: 0, refused: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** A command line that is not one: said with a hint, ends with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command did what was asked and the answer is no: everything has been said already. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(readonly status: number = exit.refused) {
    super();
  }
}

export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** For people beside the answer: warnings, progress, hints. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** One line: code, what happened, what to do. */
export function errorLine(code: Code, detail: string): string {
  const { meaning, advice } = codes[code];
  const said = detail === '' ? meaning : detail;
  return `cosmic: ${code}: ${oneLine(said)}${/[.!?]$/.test(said) ? '' : '.'} ${advice}`;
}

/** Says why a command failed, on stderr and with --json also as a problem object on stdout; answers the exit status. */
export function fail(error: unknown, json: boolean): number {
  if (error instanceof Refused) return error.status;
  if (error instanceof UsageError) {
    note(`cosmic: ${oneLine(error.message)}`);
    if (json) printJson(problemOf('request.malformed', oneLine(error.message)));
    return exit.usage;
  }
  const [code, detail] = error instanceof CosmicError ? ([error.code, error.detail] as const) : systemFault(error);
  note(errorLine(code, detail));
  if (json) printJson(problemOf(code, detail));
  return code === 'node.unreachable' ? exit.unreachable : exit.refused;
}

function systemFault(error: unknown): readonly [Code, string] {
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return ['node.storage_full', `${path ?? 'a file'}: no space left; nothing was half-written`];
  if (code === 'ENOENT') return ['input.not_found', path ?? message];
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'EISDIR' || code === 'ENOTDIR')
    return ['config.malformed', message];
  return [
    'node.internal',
    process.env['COSMIC_DEBUG'] === undefined
      ? String((error as Error).message ?? error)
      : String((error as Error).stack),
  ];
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

/** Text from other people's blocks must not steer the terminal. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ' ');
}

/** `did:key:z6Mk…` shortened for people; the whole one stands in the JSON. */
export function shortDid(did: string): string {
  return did.startsWith('did:key:') && did.length > 24 ? `${did.slice(8, 16)}…${did.slice(-6)}` : did;
}

export function timeText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
