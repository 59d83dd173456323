import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  CosmicError,
  formatOf,
  portableChecks,
  rejected,
  splitBlocks,
  inspect,
  type Checks,
  type Rejected,
  type Inspection,
} from '@cosmicembeddings/sdk';
import { readCar, wireOfJson } from '@cosmicembeddings/sdk/archive';
import { interruptible } from '../interrupt.js';
import { plain, print, printJson, Refused, shortDid } from '../output.js';
import { progressBar } from '../progress.js';
import { define } from './command.js';

interface VerifyFlags {
  file: string;
  lines: boolean;
  latitude?: number | undefined;
  longitude?: number | undefined;
  elevation?: number | undefined;
}

export const verifyCommand = define<VerifyFlags>({
  command: 'verify <file>',
  describe: 'Verify blocks of a file (bytes, JSON, version 1 or 2) without any node',
  examples: [
    ['cosmic verify block.cbor', 'no node is asked'],
    ['cosmic verify all.car --json', 'each block of a file'],
  ],
  builder: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'file, or - for standard input' })
      .option('lines', { type: 'boolean', default: false, describe: 'read JSON Lines, answer one JSON verdict a line' })
      .option('latitude', { type: 'number', describe: 'taken for the Python tools’ sake; a block says its own place' })
      .option('longitude', { type: 'number', describe: 'as --latitude' })
      .option('elevation', { type: 'number', describe: 'as --latitude' }),
  run: async (args, settings) => {
    // yargs reads a lone dash as an empty word.
    const file = args.file === '' ? '-' : args.file;
    const checks = portableChecks(settings.network);
    if (args.lines) return verifyLines(file, checks);
    const blocks = await blocksOf(readInput(file), file);
    const verdicts = await interruptible(
      () => 'verifying changes nothing; call it again to begin anew',
      (signal) => judgeAll(blocks, checks, signal),
    );
    if (settings.json) printJson(verdicts.length === 1 ? verdicts[0] : verdicts);
    else for (const verdict of verdicts) print(verdictText(verdict));
    if (!verdicts.every((verdict) => verdict.valid)) throw new Refused();
  },
});

/** Lets Ctrl-C through now and then. */
async function judgeAll(
  blocks: readonly (Uint8Array | Rejected)[],
  checks: Checks,
  signal: AbortSignal,
): Promise<Inspection[]> {
  const progress = progressBar('verifying');
  const verdicts: Inspection[] = [];
  try {
    for (const block of blocks) {
      verdicts.push(judge(block, checks));
      if (verdicts.length % 64 !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      progress(verdicts.length, blocks.length);
    }
  } finally {
    progress.end();
  }
  return verdicts;
}

function readInput(file: string): Uint8Array {
  if (file === '-') return readFileSync(0);
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'a folder; name a file with blocks' : code;
    throw new CosmicError('input.not_found', `${file}: ${why}`, { cause });
  }
}

async function verifyLines(file: string, checks: Checks): Promise<void> {
  const lines =
    file === '-' ? createInterface({ input: process.stdin }) : new TextDecoder().decode(readInput(file)).split('\n');
  let allValid = true;
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const verdict = judge(wireOfJson(line), checks);
    allValid &&= verdict.valid;
    process.stdout.write(`${JSON.stringify(verdict)}\n`);
  }
  if (!allValid) throw new Refused();
}

/** Native bytes, possibly several blocks in a row, or a CAR of them; else JSON: one block, or one a line. */
async function blocksOf(bytes: Uint8Array, file: string): Promise<(Uint8Array | Rejected)[]> {
  if (bytes.length === 0) throw new CosmicError('input.empty', file);
  if (isCar(bytes)) return blocksOfCar(bytes);
  if (formatOf(bytes)?.name === 'native/2') return splitBlocks(bytes);
  const text = new TextDecoder().decode(bytes).trim();
  if (!text.startsWith('{'))
    return [rejected('block.malformed', `${file} begins like no block: as bytes, CAR, CBOR sequence or JSON`)];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const oneEach = lines.length > 1 && lines.every((line) => line.startsWith('{') && line.trimEnd().endsWith('}'));
  return oneEach ? lines.map(wireOfJson) : [wireOfJson(text)];
}

/** A CAR begins with the length of its header, a CBOR map that names its roots. */
function isCar(bytes: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(0, 16)).includes('eroots');
}

async function blocksOfCar(bytes: Uint8Array): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  for await (const wire of readCar([bytes])) blocks.push(wire);
  return blocks;
}

function judge(block: Uint8Array | Rejected, checks: Checks): Inspection {
  if (block instanceof Uint8Array) return inspect(block, checks);
  return { valid: false, uncovered: [], checks: [{ name: 'form', ok: false, code: block.code, detail: block.detail }] };
}

export function verdictText(verdict: Inspection): string {
  const found = verdict.checks.map(
    (finding) =>
      `  ${finding.ok ? '✓' : finding.note === true ? '·' : '✗'} ${finding.name}${finding.ok ? '' : `  ${[finding.code, finding.detail].filter(Boolean).join(': ')}`}`,
  );
  const skyIsJudged = verdict.checks.some((finding) => finding.name === 'sky' && finding.ok);
  const head = verdict.valid
    ? `signed by ${shortDid(verdict.author!)}${skyIsJudged ? ' · sky consistent' : ''}`
    : 'NOT valid';
  const uncovered =
    verdict.uncovered.length === 0 ? [] : [`  · not covered by the signature: ${verdict.uncovered.join(', ')}`];
  const advice = verdict.valid ? ['  · whether it was retracted no file can tell: cosmic get asks a node'] : [];
  return [`${verdict.id ?? '(no id)'}  ${verdict.format ?? ''}`, `  ${head}`, ...found, ...uncovered, ...advice]
    .map(plain)
    .join('\n');
}
