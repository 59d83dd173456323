import { readFile } from 'node:fs/promises';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CosmicError, createRegistry, type Checks } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { sha256, verifierOf } from '../door/crypto/index.js';
import { loadPlugins } from '../plugins.js';
import type { SqliteOptions } from '../store/sqlite/index.js';
import {
  findBackup,
  isRepository,
  listManifests,
  openPlace,
  readManifest,
  restoreFiles,
  restoreStore,
  takeOf,
  verifyBackup,
  type Manifest,
  type Place,
} from './backups/index.js';
import { backup, erasedSince, readBackupNote, restore } from './backup.js';
import type { NodeConfig } from './config.js';
import { eraseAndProve, erasuresOf } from './erasure/index.js';
import { existingStore } from './folder.js';
import { fsck } from './fsck.js';
import { openNodeKeys } from './keys.js';
import { tellProgress } from './told-progress.js';

/** What the commands on backups are given. */
export interface BackupArgs {
  readonly words: readonly string[];
  readonly config: NodeConfig;
  readonly recipients: readonly string[];
  readonly keep: number | undefined;
  /** File with age identities. */
  readonly identityFile: string | undefined;
  readonly identityToo: boolean;
  readonly at: string | undefined;
  readonly erasures: string | undefined;
}

/** What a command answers: for programs, and as lines for people. */
export interface Told {
  readonly value: unknown;
  readonly lines: readonly string[];
  readonly failed?: boolean;
}

const USAGE =
  'usage: backup FOLDER | backup to PLACE | backup list PLACE | backup verify PLACE | backup check FOLDER; a PLACE is a folder or s3://BUCKET/PREFIX';
const LISTED = 20;
const KEEP = 48;

/** `backup …` */
export function backupCommand(args: BackupArgs): Promise<Told> | Told {
  const [first, second, ...more] = args.words;
  if (first === undefined || more.length > 0) throw new CosmicError('request.malformed', USAGE);
  if (second === undefined) return copy(args.config, first);
  if (first === 'to') return takeTo(args, second);
  if (first === 'list') return list(second);
  if (first === 'verify') return verify(args, second);
  if (first === 'check') return check(args.config, second);
  throw new CosmicError('request.malformed', USAGE);
}

function copy(config: NodeConfig, target: string): Told {
  if (/^s3:/i.test(target)) throw new CosmicError('request.malformed', `backup to ${target}; ${USAGE}`);
  const note = backup({ folder: config.data, engine: config.store }, target);
  return { value: note, lines: [`${note.head.count} blocks up to ${note.head.seq} copied to ${target}`] };
}

/** What an older copy holds of what was erased since. */
function check(config: NodeConfig, folder: string): Told {
  const { engine } = existingStore({ folder, engine: config.store });
  const since = erasedSince(folder, engine, [config.data, folder]);
  return {
    value: { erasedSince: since },
    lines: [
      ...since.slice(0, LISTED).map(({ id, reason }) => `${id} ${reason}`),
      `${since.length} bodies of this backup were erased since; restore erases them again where it is given this folder's list (--erasures)`,
    ],
  };
}

async function takeTo({ config, recipients, keep, identityToo }: BackupArgs, to: string): Promise<Told> {
  const { path, engine } = existingStore({ folder: config.data, engine: config.store });
  const { did, seed } = await openNodeKeys(config.data);
  const rules = config.backup?.to === to ? config.backup : undefined;
  const setup = {
    path,
    engine,
    folder: config.data,
    to,
    seed,
    node: did,
    nowMs: Date.now(),
    recipients: recipients.length > 0 ? recipients : (rules?.recipients ?? []),
    keep: keep ?? rules?.keep ?? KEEP,
    identity: identityToo || (rules?.identity ?? false),
  };
  const outcome = await takeOf(setup, tellProgress('backing up'));
  const { at, seq, written, writtenBytes, cleaned, dropped } = outcome;
  const manifest = await findBackup(await openPlace(to), at);
  return {
    value: { ...outcome, leftOut: manifest.leftOut, sealed: manifest.recipients.length > 0 },
    lines: [
      `${at}: up to ${seq}; ${written} new pieces, ${writtenBytes} bytes${manifest.recipients.length > 0 ? ', sealed' : ', open to whoever reads the place'}`,
      ...(cleaned === 0 ? [] : [`${cleaned} pieces written again without what was erased since the last backup`]),
      ...(dropped === 0 ? [] : [`${dropped} old backups removed`]),
      ...manifest.leftOut.map(({ file, why }) => `left out: ${file} (${why})`),
    ],
  };
}

async function list(address: string): Promise<Told> {
  const place = await openPlace(address);
  const backups: Manifest[] = [];
  for (const name of await listManifests(place)) backups.push(await readManifest(place, name));
  const lines = backups.map(
    ({ at, node, head, segments, recipients }) =>
      `${at}  ${head.count} blocks up to ${head.seq}  ${segments.reduce((sum, one) => sum + one.bytes, 0)} bytes  ${recipients.length > 0 ? 'sealed' : 'open'}  ${node}`,
  );
  return {
    value: backups.map(({ segments, ...one }) => ({ ...one, segments: segments.length })),
    lines: lines.length > 0 ? lines : [`${place.label}: there are no backups`],
  };
}

/** Reads it back, whole; where it can be opened, into a store of its own that is then looked through like any other. */
async function verify(args: BackupArgs, address: string): Promise<Told> {
  const { config, at } = args;
  const place = await openPlace(address);
  const manifest = await findBackup(place, at);
  const identities = await identitiesOf(args.identityFile);
  const checks = await checksOf({ ...config, network: manifest.network });
  const reading = tellProgress('reading');
  const verified = await verifyBackup(place, manifest, checks, identities, reading);
  const { objects, bytes, blocks, goneTexts, opened } = verified;
  const lines = [`${manifest.at}: ${objects} pieces, ${bytes} bytes are what was written`];
  if (!opened)
    return {
      value: { at: manifest.at, objects, bytes, restored: false },
      lines: [...lines, 'it is sealed: with --identity FILE its blocks are checked and it is restored for a test'],
    };
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-restore-test-'));
  try {
    const options = {
      folder,
      network: manifest.network,
      node: manifest.node,
      engine: config.store,
      plugins: config.plugins,
    };
    await restoreStore(place, manifest, { ...options, checks, identities, onProgress: tellProgress('restoring') });
    const report = await fsck({ folder, engine: config.store, checks, onProgress: tellProgress('checking') });
    const lacking = manifest.head.count - report.blocks;
    const whole = report.ok && lacking >= 0 && lacking <= goneTexts;
    return {
      value: { at: manifest.at, objects, bytes, blocks, restored: whole, findings: report.findings },
      lines: [
        ...lines,
        `${blocks} steps with blocks checked; restored for a test: ${report.blocks} of ${manifest.head.count} blocks, ${report.ok ? 'all well' : `${report.findings.length} findings`}`,
      ],
      failed: !whole,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `restore …`: from one copy of a store, or from where backups are kept. */
export async function restoreCommand(args: BackupArgs): Promise<Told> {
  const [from, ...more] = args.words;
  if (from === undefined || more.length > 0)
    throw new CosmicError('request.malformed', 'usage: restore FOLDER | restore PLACE [--at TIME] [--identity FILE]');
  return (await isRepository(from)) ? restorePlace(args, from) : restoreCopy(args, from);
}

async function restorePlace(args: BackupArgs, address: string): Promise<Told> {
  const { config, at, identityToo } = args;
  const place: Place = await openPlace(address);
  const manifest = await findBackup(place, at);
  const identities = await identitiesOf(args.identityFile);
  const { files, leftOut } = await restoreFiles(place, manifest, config.data, identities, identityToo);
  const hadKey = existsSync(join(config.data, 'node.key'));
  const { did } = await openNodeKeys(config.data);
  const network = manifest.network;
  const options = { folder: config.data, network, node: did, engine: config.store, plugins: config.plugins };
  const checks = await checksOf({ ...config, network });
  const onProgress = tellProgress('restoring');
  const blocks = await restoreStore(place, manifest, { ...options, checks, identities, onProgress });
  const again = await eraseAgain(options, [config.data, args.erasures]);
  return {
    value: { at: manifest.at, blocks, files, leftOut, node: did, was: manifest.node, erasedAgain: again.erased },
    lines: [
      `${blocks} blocks of ${manifest.at} restored to ${config.data}, each checked; the index is built when the node starts`,
      ...(files.length === 0 ? [] : [`also put there: ${files.join(', ')}`]),
      ...(leftOut.length === 0 ? [] : [`not put there: ${leftOut.join(', ')}`]),
      ...again.lines,
      ...whoItIs(did, manifest.node, hadKey || identityToo),
      ...(did === manifest.node ? ['start it only where the node that was backed up does not run any more'] : []),
    ],
    failed: again.failed,
  };
}

async function restoreCopy({ config, erasures }: BackupArgs, from: string): Promise<Told> {
  const hadKey = existsSync(join(config.data, 'node.key'));
  const { did } = await openNodeKeys(config.data);
  const note = restore(from, { folder: config.data, engine: config.store, node: did });
  const was = readBackupNote(from)?.node;
  const options = {
    folder: config.data,
    network: config.network,
    node: did,
    engine: config.store,
    plugins: config.plugins,
  };
  const again = await eraseAgain(options, [from, config.data, erasures]);
  return {
    value: { ...note, erasedAgain: again.erased, ...(was === undefined ? {} : { was }) },
    lines: [
      `${note.head.count} blocks restored to ${config.data}; the index is built when the node starts`,
      ...again.lines,
      ...(was === undefined ? [] : whoItIs(did, was, hadKey)),
    ],
    failed: again.failed,
  };
}

function whoItIs(did: string, was: string, hadKey: boolean): string[] {
  return [
    did === was
      ? `this node is ${did}, as it was`
      : `this node is ${did}, ${hadKey ? 'as the key in the folder says' : 'by a key made now'}; the backup was of ${was}`,
  ];
}

/** Before any node serves it: what was erased since the backup was made goes again, and is proven gone. */
async function eraseAgain(
  options: SqliteOptions,
  lists: readonly (string | undefined)[],
): Promise<{ readonly erased: number; readonly lines: readonly string[]; readonly failed: boolean }> {
  const { engine } = existingStore({ folder: options.folder, engine: options.engine ?? 'auto' });
  const since = erasedSince(
    options.folder,
    engine,
    lists.flatMap((one) => one ?? []),
  );
  if (since.length === 0) return { erased: 0, lines: [], failed: false };
  const erasures = since.flatMap(({ id, reason, body }) => erasuresOf([id], reason, body ? ['body'] : []));
  const { traces } = await eraseAndProve(options, erasures);
  return {
    erased: since.length,
    lines: [`${since.length} bodies that were erased since the backup was made are erased again`],
    failed: traces.length > 0,
  };
}

/** What judges the blocks of a data folder. */
export async function checksOf(config: NodeConfig): Promise<Checks> {
  return {
    network: config.network,
    registry: createRegistry(await loadPlugins(config.plugins)),
    verify: verifierOf(config.verifier).verify,
    sha256,
    sky: createSky(),
  };
}

/** Lines `AGE-SECRET-KEY-1…` of a file, as age-keygen writes it. */
async function identitiesOf(file: string | undefined): Promise<string[]> {
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CosmicError('input.not_found', file, { cause });
  });
  const found = text.split(/\r?\n/).flatMap((line) => (/^AGE-SECRET-KEY-1\S+$/.test(line.trim()) ? [line.trim()] : []));
  if (found.length === 0) throw new CosmicError('input.malformed', `${file}: there is no AGE-SECRET-KEY-1… in it`);
  return found;
}
