import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes, CosmicError, parseCid, type BlockId } from '@cosmicembeddings/sdk';
import type { Upkeep } from '../../store/upkeep.js';
import {
  identityFiles,
  listManifests,
  plainFiles,
  readManifest,
  writeManifest,
  type Manifest,
  type Segment,
} from './manifest.js';
import { writeObject } from './objects.js';
import type { Place } from './place.js';
import { encodeStep, stepOf } from './segment.js';

export interface TakeOptions {
  readonly upkeep: Upkeep;
  readonly folder: string;
  readonly place: Place;
  /** The node's key: backups are signed. */
  readonly seed: Uint8Array;
  readonly node: string;
  readonly nowMs: number;
  /** age recipients; none: the backup lies open. */
  readonly recipients: readonly string[];
  /** Backups that stay; older ones go. At least 1. */
  readonly keep: number;
  /** Does it take along who this node is? Only sealed. */
  readonly identity: boolean;
  /** From here on a segment is full. Default 8 MiB. */
  readonly segmentBytes?: number;
  readonly onProgress?: (done: number, all: number) => void;
}

export interface Taken {
  readonly manifest: Manifest;
  /** Segments and bytes that were written anew. */
  readonly written: number;
  readonly writtenBytes: number;
  /** Segments of earlier backups that were written again without what was erased since. */
  readonly cleaned: number;
  /** Backups that went. */
  readonly dropped: number;
}

/** A segment is full from here on; the last one of a backup is replaced until it is. */
const SEGMENT_BYTES = 8 * 2 ** 20;
const SEGMENT_STEPS = 10_000;
const READ_AT_A_TIME = 200;
const SEGMENTS = 'segments/';
/** Of a digest, enough to say that a block is surely not in a segment. */
const PREFIX_BYTES = 8;

/**
 * Takes a backup of a store that a node may be writing to: what is new since the last one, and what was erased since taken
 * out of all that stay. It counts when its manifest is there: cut off anywhere, the earlier ones hold.
 * @throws CosmicError backup.unreachable, backup.damaged, config.malformed, store.corrupt
 */
export async function takeBackup(options: TakeOptions): Promise<Taken> {
  const { upkeep, place, recipients, keep, nowMs, segmentBytes = SEGMENT_BYTES } = options;
  const { network, node: owner, head } = upkeep.about();
  if (owner !== options.node) throw new CosmicError('store.foreign', `the store belongs to ${owner}`);
  if (options.identity && recipients.length === 0)
    throw new CosmicError(
      'config.malformed',
      'backup: identity: a key goes into sealed backups alone; give recipients',
    );
  const names = await listManifests(place);
  const earlier = new Map<string, Manifest>();
  for (const name of names) earlier.set(name, await readManifest(place, name));
  const stranger = [...earlier.values()].find(({ node }) => node !== owner);
  if (stranger !== undefined)
    throw new CosmicError(
      'store.foreign',
      `${place.label} holds backups of ${stranger.node}; give each node a place of its own`,
    );

  const last = [...earlier.values()].at(-1);
  const counts = { written: 0, writtenBytes: 0 };
  const write = async (from: number, to: number | undefined): Promise<Segment | undefined> => {
    const made = await writeSegment(options, from, to, head.seq);
    if (made !== undefined) {
      counts.written += 1;
      counts.writtenBytes += made.bytes;
    }
    return made;
  };
  // Another epoch is another life of the store: its numbers mean something else.
  const same = last?.head.epoch === head.epoch;
  const cleaned = await forget(options, earlier, head.epoch, write);
  const before = same ? [...earlier.values()].at(-1)!.segments : [];
  // One that was full and has lost what was erased stays where it is: only behind the last one something is added.
  const isOpen = before.length > 0 && !isFull(before.at(-1)!, segmentBytes);
  const known = isOpen ? before.slice(0, -1) : before;
  const kept = sameSeal(last?.recipients, recipients) ? known : [];
  const segments: Segment[] = [...kept];
  for (let seq = segments.at(-1)?.to ?? 0; seq < head.seq;) {
    const made = await write(seq + 1, undefined);
    if (made === undefined) break;
    segments.push(made);
    seq = made.to;
    options.onProgress?.(seq, head.seq);
  }
  const { files, leftOut } = await writeFiles(options);
  const manifest: Manifest = {
    format: 1,
    at: new Date(nowMs).toISOString(),
    node: owner,
    network,
    head,
    recipients,
    segments,
    files,
    leftOut,
  };
  await writeManifest(place, manifest, options.seed);
  const dropped = names.slice(0, Math.max(0, names.length + 1 - keep));
  for (const name of dropped) await place.remove(name);
  await sweep(place, [...earlier].flatMap(([name, one]) => (dropped.includes(name) ? [] : [one])).concat(manifest));
  return { manifest, ...counts, cleaned, dropped: dropped.length };
}

const isFull = ({ bytes, steps }: Segment, fullBytes: number): boolean => bytes >= fullBytes || steps >= SEGMENT_STEPS;

function sameSeal(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && [...a].sort().join() === [...b].sort().join();
}

/** Steps from `from` on until a segment is full or, to write one again, to `to`. Undefined where there are none. */
async function writeSegment(
  { upkeep, place, recipients, segmentBytes = SEGMENT_BYTES }: TakeOptions,
  from: number,
  to: number | undefined,
  head: number,
): Promise<Segment | undefined> {
  const parts: Uint8Array[] = [];
  const prefixes: Uint8Array[] = [];
  let bytes = 0;
  let seq = from - 1;
  const until = to ?? head;
  reading: while (seq < until) {
    const items = upkeep.itemsAfter(seq, READ_AT_A_TIME);
    if (items.length === 0) break;
    for (const item of items) {
      if (item.seq > until) break reading;
      seq = item.seq;
      for (const step of stepOf(item)) {
        const one = encodeStep(step);
        parts.push(one);
        bytes += one.length;
      }
      prefixes.push(prefixOf(item.type === 'erase' ? item.id : item.block.id));
      if (to === undefined && (bytes >= segmentBytes || parts.length >= SEGMENT_STEPS)) break reading;
    }
  }
  if (seq < from) return undefined;
  const stem = `${SEGMENTS}${from}-${seq}`;
  const stored = await writeObject(place, stem, concatBytes(...parts), recipients);
  await place.write(`${stored.object}.ids`, concatBytes(...prefixes));
  return { ...stored, from, to: seq, steps: parts.length };
}

function prefixOf(id: BlockId): Uint8Array {
  try {
    return parseCid(id).digest!.slice(0, PREFIX_BYTES);
  } catch {
    return new TextEncoder().encode(id.padEnd(PREFIX_BYTES)).slice(0, PREFIX_BYTES);
  }
}

/** Writes again, in every backup that stays, the segments that hold what was erased since the last one. */
async function forget(
  { upkeep, place, recipients, seed }: TakeOptions,
  earlier: Map<string, Manifest>,
  epoch: string,
  write: (from: number, to: number) => Promise<Segment | undefined>,
): Promise<number> {
  const last = [...earlier.values()].at(-1);
  if (last === undefined) return 0;
  const ids = last.head.epoch === epoch ? erasedAfter(upkeep, last.head.seq) : undefined;
  if (ids?.size === 0) return 0;
  const again = new Map<string, Segment | undefined>();
  // Numbers of an earlier life of the store mean nothing in this one; restoring such a backup erases by the list of erasures.
  const ofThisLife = [...earlier.values()].filter(({ head }) => head.epoch === epoch);
  for (const segment of ofThisLife.flatMap(({ segments }) => segments)) {
    if (again.has(segment.object) || ids === undefined) continue;
    const held = await place.read(`${segment.object}.ids`);
    // Without its list it may hold any of them.
    if (held === undefined || holdsAny(held, ids)) again.set(segment.object, await write(segment.from, segment.to));
  }
  for (const [name, manifest] of earlier) {
    const segments = manifest.segments.map((segment) => again.get(segment.object) ?? segment);
    if (segments.every((segment, i) => segment === manifest.segments[i])) continue;
    // What is written again is sealed to today's recipients, the rest to those before: to open all of it takes both.
    const cleaned = { ...manifest, segments, recipients: [...new Set([...manifest.recipients, ...recipients])].sort() };
    await writeManifest(place, cleaned, seed);
    earlier.set(name, cleaned);
  }
  return again.size;
}

function erasedAfter(upkeep: Upkeep, after: number): Set<string> {
  const ids = new Set<string>();
  for (let seq = after; ;) {
    const items = upkeep.itemsAfter(seq, READ_AT_A_TIME);
    if (items.length === 0) return ids;
    seq = items.at(-1)!.seq;
    for (const item of items) if (item.type === 'erase') ids.add(Buffer.from(prefixOf(item.id)).toString('hex'));
  }
}

function holdsAny(held: Uint8Array, ids: ReadonlySet<string>): boolean {
  const all = Buffer.from(held.buffer, held.byteOffset, held.length);
  for (let at = 0; at < all.length; at += PREFIX_BYTES)
    if (ids.has(all.toString('hex', at, at + PREFIX_BYTES))) return true;
  return false;
}

async function writeFiles({
  folder,
  place,
  recipients,
  identity,
}: TakeOptions): Promise<Pick<Manifest, 'files' | 'leftOut'>> {
  const files: Manifest['files'][number][] = [];
  const leftOut: Manifest['leftOut'][number][] = [];
  for (const file of [...plainFiles, ...identityFiles]) {
    const path = join(folder, file);
    if (!existsSync(path)) continue;
    const bytes = readFileSync(path);
    const why = whyNot(file, bytes, recipients, identity);
    if (why !== undefined) leftOut.push({ file, why });
    else files.push({ file, ...(await writeObject(place, `files/${file}`, bytes, recipients)) });
  }
  return { files, leftOut };
}

function whyNot(file: string, bytes: Buffer, recipients: readonly string[], identity: boolean): string | undefined {
  if (identityFiles.includes(file))
    return identity ? undefined : 'a secret; it goes into a sealed backup with --identity-too';
  if (file === 'config.json' && recipients.length === 0 && bytes.includes('"peerKeys"'))
    return 'it holds peerKeys, and this backup lies open';
  return undefined;
}

/** Removes objects that no backup which stays refers to. */
async function sweep(place: Place, stay: readonly Manifest[]): Promise<void> {
  await place.discardDrafts?.();
  const used = new Set(
    stay.flatMap(({ segments, files }) => [
      ...segments.flatMap(({ object }) => [object, `${object}.ids`]),
      ...files.map(({ object }) => object),
    ]),
  );
  for (const prefix of [SEGMENTS, 'files/'])
    for (const name of await place.list(prefix)) if (!used.has(name)) await place.remove(name);
}
