import { parentPort, workerData } from 'node:worker_threads';
import { createRegistry, type BlockId, type Cursor, type Registry } from '@cosmicembeddings/sdk';
import {
  coneCursor,
  fallenIn,
  planCones,
  takeBatch,
  takes,
  type ConeItem,
  type ConePlan,
} from '@cosmicembeddings/sdk/views';
import { restAfter } from '../follow/give-way.js';
import { loadPlugins } from '../plugins.js';
import { isDamage } from '../store/sqlite/driver.js';
import { StoreReader } from '../store/sqlite/index.js';
import { markReady, openCone, removeCone, type ConeFile } from './cone-file.js';
import { step, type ConeReply, type ConeRequest, type ConeSetup, type PackedBlocks } from './cone-protocol.js';
import { packBlocks } from './pack.js';
import { bodyOf, createStoreWorld, headerOf } from './store-world.js';

/** Items of the tail that are looked through at a time; those that the cone wants are few, mostly. */
const LOOK = 2048;
/** Items that are taken in one transaction. */
const BATCH = 256;
const IDLE_MS = 20;
const AFTER_FAULT_MS = 1000;
/** Longest work on a batch before requests get their turn. */
const TURN_MS = 50;

const setup = workerData as ConeSetup;
const port = parentPort!;
const registry = createRegistry(await loadPlugins(setup.plugins));
const plan = chosen();
const reader = new StoreReader(setup.storePath, setup.engine);
const world = createStoreWorld(reader, registry);
const steps = new Int32Array(setup.steps);
let file = openSound();
let position = positionOf();
let isReady = file.database.prepare(`SELECT 1 FROM about WHERE name = 'ready'`).get() !== undefined;
/** The head when this worker began: there the cone is ready. */
const readyAt = reader.head().seq;
/** Up to here one block at a time: a view did not come to an end with several. */
const carefulTo = setup.isCareful ? position.seq + LOOK : 0;
/** Arrivals of the batch under way. */
let seqs = new Map<BlockId, number>();

function chosen(): ConePlan {
  const { views, known } = setup.cone;
  const some: Pick<Registry, 'views' | 'kind'> = {
    views: registry.views.filter(({ name }) => views.includes(name)),
    kind: (name) => (known.includes(name) ? registry.kind(name) : undefined),
  };
  const [only] = planCones(some);
  if (only === undefined) throw new Error(`no cone of ${views.join(', ')}`);
  return only;
}

function openSound(): ConeFile {
  try {
    return openCone(setup.folder, setup.engine, plan);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return openAnew();
  }
}

function openAnew(): ConeFile {
  removeCone(setup.folder, plan.fingerprint);
  return openCone(setup.folder, setup.engine, plan);
}

/** Another life of the store means another state. */
function positionOf(): Cursor {
  const cursor = coneCursor(file.store);
  const epoch = reader.epoch();
  if (cursor?.epoch === epoch && cursor.seq <= reader.head().seq) return cursor;
  if (cursor !== undefined) {
    file.close();
    file = openAnew();
  }
  return { epoch, seq: 0 };
}

function tell(reply: ConeReply, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(reply, transfer);
}

/** One batch; false at the head. */
function follow(): boolean {
  const entries = reader.tail(position, LOOK, 'entries');
  if (entries.length === 0) return false;
  const items: ConeItem[] = [];
  let upTo = position.seq;
  seqs = new Map();
  for (const item of entries) {
    const isWanted = item.type === 'erase' || plan.views.some((view) => takes(view, item.block.entry));
    if (isWanted && items.length >= (position.seq < carefulTo ? 1 : BATCH)) break;
    upTo = item.seq;
    if (!isWanted) continue;
    if (item.type === 'erase') {
      items.push({ type: 'erase', id: item.id });
      continue;
    }
    const { id, entry } = item.block;
    seqs.set(id, item.seq);
    const body = plan.known.includes(entry.kind) ? bodyAt(id, item.seq) : undefined;
    items.push({ type: 'put', header: headerOf(id, entry), ...(body === undefined ? {} : { body }) });
  }
  take(items, { epoch: position.epoch, seq: upTo });
  return true;
}

/** Of the arrival `seq`: one whose header alone came first has its body with its later arrival. */
function bodyAt(id: BlockId, seq: number): unknown {
  const [stored] = reader.get([id]);
  return stored === undefined || stored.seq !== seq ? undefined : bodyOf(stored, registry);
}

function take(items: readonly ConeItem[], upTo: Cursor): void {
  // What is derived from several blocks cannot be laid to one of them, unless it came alone.
  const only = seqs.size === 1 ? [...seqs.values()][0] : undefined;
  const taken = takeBatch(plan, file.store, world, items, upTo, {
    step: (view, block) => {
      Atomics.store(steps, step.view, 1 + plan.views.findIndex(({ name }) => name === view));
      Atomics.store(steps, step.seq, (block === undefined ? only : seqs.get(block)) ?? -1);
      Atomics.add(steps, step.beats, 1);
    },
    isBarred: (view, block) => setup.bars.some((bar) => bar.view === view && bar.seq === seqs.get(block)),
    onFault: (view, at, detail) => tell({ type: 'fault', view, at, detail }),
  });
  Atomics.store(steps, step.view, 0);
  position = upTo;
  if (!isReady && position.seq >= readyAt) becomeReady();
  const [fell, stood] = [packed(taken.fell), packed(taken.stood)];
  tell(
    {
      type: 'moved',
      position,
      changes: taken.changes,
      ready: isReady,
      ...(fell === undefined ? {} : { fell }),
      ...(stood === undefined ? {} : { stood }),
    },
    [fell, stood].flatMap((one) =>
      one === undefined ? [] : [one.ids.buffer as ArrayBuffer, one.labels.buffer as ArrayBuffer],
    ),
  );
}

function becomeReady(): void {
  markReady(file);
  isReady = true;
}

function packed(ids: readonly BlockId[]): PackedBlocks | undefined {
  return ids.length === 0 ? undefined : packBlocks(ids, reader);
}

/** A damaged file is built anew from the store. */
function followSound(): boolean {
  try {
    return follow();
  } catch (error) {
    if (!isDamage(error)) throw error;
    file.close();
    file = openAnew();
    isReady = false;
    position = { epoch: reader.epoch(), seq: 0 };
    tell({ type: 'trouble', detail: `${plan.name}: its file was damaged and is built anew` });
    return true;
  }
}

let closing = false;
let timer: NodeJS.Timeout | undefined;

function idle(): void {
  if (closing) return;
  clearTimeout(timer);
  let waitMs = IDLE_MS;
  const startedMs = performance.now();
  try {
    let isMore = true;
    while (isMore && performance.now() - startedMs < TURN_MS) isMore = followSound();
    if (isMore) waitMs = restAfter(performance.now() - startedMs, setup.pressure);
    else if (!isReady) {
      becomeReady();
      tell({ type: 'moved', position, changes: 0, ready: true });
    }
  } catch (error) {
    waitMs = AFTER_FAULT_MS;
    tell({ type: 'trouble', detail: `${plan.name}: ${String(error)}` });
  }
  if (waitMs === 0) setImmediate(idle);
  else timer = setTimeout(idle, waitMs);
}

port.on('message', (request: ConeRequest) => {
  if (request.type === 'close') {
    closing = true;
    clearTimeout(timer);
    file.close();
    reader.close();
    port.close();
    return;
  }
  try {
    while (followSound());
  } catch (error) {
    tell({ type: 'trouble', detail: `${plan.name}: ${String(error)}` });
  }
  tell({ type: 'caughtUp', number: request.number });
});

if (coneCursor(file.store) === undefined) takeBatch(plan, file.store, world, [], position);
if (!isReady && readyAt === 0) becomeReady();
tell({
  type: 'opened',
  position,
  fallen: packBlocks([...new Set(fallenIn(file.store))], reader),
  ready: isReady,
});
idle();
