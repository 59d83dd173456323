import { rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { contentOf, createRegistry, CosmicError, type Cursor, type Follower } from '@cosmicembeddings/sdk';
import { serveFollower } from '../../follow/index.js';
import { loadPlugins } from '../../plugins.js';
import { openSqliteReader } from '../../store/sqlite/index.js';
import type { Neighbours } from '../vectors/index.js';
import { mapFolder } from './file.js';
import type { FromMaps, MapStart, ToMaps } from './messages.js';
import { lastAskedMs, noteAsked, seatFor, type Seat } from './seats.js';
import { SpaceMap } from './space-map.js';

interface Kept extends Seat {
  readonly space: string;
  readonly map: SpaceMap;
}

/** Maps that are kept up at a time. */
const MAPS_MAX = 4;
/** A map that nobody has asked for so long makes room for another, and is worked on no more. */
const UNASKED_MS = 10 * 60_000;
/** Time that one question may spend on reading what the store has and the map has not. */
const CATCH_UP_MS = 250;
/** What the index works for maps, it rests as long at least; while there are searches, so much longer. */
const NEAR_REST_MS = 5;
const REST = 7;
const REST_MAX_MS = 200;
const NICE = 10;

const setup = workerData as MapStart;
const port = parentPort!;
const send = (message: FromMaps, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
// On Linux a thread has a priority of its own (sched(7), setpriority(2)); elsewhere this would be the whole node's.
if (process.platform === 'linux')
  try {
    setPriority(0, NICE);
  } catch {
    // A map is drawn all the same.
  }

const store = openSqliteReader({ folder: setup.folder, engine: setup.storeEngine as never });
const registry = createRegistry(await loadPlugins(setup.plugins));
const asking = new Int32Array(setup.asking);
const maps = new Map<string, Kept>();
const waiting = new Map<number, { resolve(near: Neighbours | undefined): void; reject(error: Error): void }>();
/** Without a map there is nothing to read. */
let cursor: Cursor = store.head();
let isFromStart = false;
let hidden: Uint8Array = new Uint8Array(0);
let numbers = 0;
let isClosing = false;
/** Erasures under way, and up to where erasures have to be taken before a map may be written. */
let erasing = 0;
let writesFromSeq = 0;
const mayWrite = (): boolean => erasing === 0 && !isFromStart && cursor.seq >= writesFromSeq;

const follower: Follower = {
  name: 'map',
  version: '1',
  wants: { parts: 'entries' },
  durable: () => {
    if (isFromStart) cursor = { epoch: cursor.epoch, seq: 0 };
    isFromStart = false;
    return cursor;
  },
  restart: (epoch) => {
    for (const { map } of maps.values()) map.restart(epoch);
    cursor = { epoch, seq: 0 };
    writesFromSeq = 0;
  },
  take: (items, upTo) => {
    for (const item of items) for (const { map } of maps.values()) map.take(item);
    cursor = upTo;
    if (!isFromStart && upTo.seq >= store.head().seq) for (const { map } of maps.values()) map.caughtUp();
  },
  idle: async () => {
    const nowMs = Date.now();
    for (const seat of maps.values()) {
      const { map } = seat;
      if (nowMs - lastAskedMs(seat) > UNASKED_MS) {
        map.saveIfDue();
        continue;
      }
      const startedMs = performance.now();
      if (!(await map.step())) continue;
      if (Atomics.load(asking, 0) > 0) await rest((performance.now() - startedMs) * REST);
      return true;
    }
    return false;
  },
};
const following = await serveFollower(follower, { store, part: setup.follower, port });

port.on('message', (message: ToMaps) => {
  if (message.type === 'ask') void answer(message);
  else if (message.type === 'near') {
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) asked?.resolve(message.near);
    else asked?.reject(new Error(message.error));
  } else if (message.type === 'hide') {
    hidden = message.bits;
    for (const { map } of maps.values()) map.hide(hidden);
  } else if (message.type === 'erasing') {
    erasing += 1;
    // What stands in the files is still of before.
    rmSync(join(setup.folder, mapFolder), { recursive: true, force: true });
    for (const { map } of maps.values()) map.isLost();
    send({ type: 'erasing', id: message.id });
  } else if (message.type === 'erased') {
    // A thread that began meanwhile was not told of its begin.
    erasing = Math.max(0, erasing - 1);
    writesFromSeq = Math.max(writesFromSeq, message.seq);
  } else if (message.type === 'notify') following.notify(message.seq);
  else void close();
});

async function answer({ id, space, seq, ofAll, known, who }: Extract<ToMaps, { type: 'ask' }>): Promise<void> {
  const seat = maps.get(space) ?? begin(space, ofAll, who);
  if (seat === undefined) return send({ type: 'busy', id });
  noteAsked(seat, who, Date.now());
  const { map } = seat;
  following.notify();
  // What cannot be read now is missing from the answer.
  await following.catchUp(seq, Date.now() + CATCH_UP_MS).catch(() => undefined);
  const { bytes, tag } = map.answer();
  if (tag === known) send({ type: 'map', id, tag });
  // A copy goes: the map keeps its own for the next who asks.
  else {
    const copy = bytes.slice();
    send({ type: 'map', id, tag, bytes: copy }, [copy.buffer]);
  }
}

/** A map more, in place of one that nobody looks at or that is one of many of somebody; undefined where there is none. */
function begin(space: string, ofAll: boolean, who: string): Kept | undefined {
  if (maps.size >= MAPS_MAX) {
    const leaves = seatFor([...maps.values()], who, Date.now(), UNASKED_MS);
    if (leaves === undefined) return undefined;
    leaves.map.save();
    maps.delete(leaves.space);
  }
  const { epoch } = store.head();
  const map = new SpaceMap(
    {
      space,
      folder: setup.folder,
      rules: setup.rules,
      ofAll,
      near: (labels, k) => near(space, labels, k),
      textOf,
      mayWrite,
      nowMs: Date.now,
    },
    epoch,
  );
  map.hide(hidden);
  const made: Kept = { space, map, askedMs: new Map() };
  maps.set(space, made);
  // All blocks are read again; the other maps have theirs already.
  isFromStart = true;
  following.resume();
  return made;
}

async function near(space: string, labels: Uint32Array, k: number): Promise<Neighbours | undefined> {
  if (isClosing) throw new CosmicError('node.stopping', 'maps');
  const startedMs = performance.now();
  const id = ++numbers;
  const found = await new Promise<Neighbours | undefined>((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    send({ type: 'near', id, space, labels: labels.slice(), k });
  });
  await rest(Atomics.load(asking, 0) > 0 ? (performance.now() - startedMs) * REST : NEAR_REST_MS);
  return found;
}

async function rest(ms: number): Promise<void> {
  await delay(Math.min(REST_MAX_MS, ms));
}

/** A block that cannot be read has no words. */
function textOf(id: string, row: number): string | undefined {
  try {
    const [block] = store.get([id]);
    if (block === undefined || block.erased !== undefined) return undefined;
    return contentOf(block, registry).passages[row]?.text;
  } catch {
    return undefined;
  }
}

async function close(): Promise<void> {
  isClosing = true;
  for (const { reject } of waiting.values()) reject(new CosmicError('node.stopping', 'maps'));
  waiting.clear();
  await following.close();
  for (const { map } of maps.values()) map.save();
  store.close();
  port.close();
}
