import { parentPort, workerData } from 'node:worker_threads';
import { createRegistry, type BlockId, type Cursor, type Follower, type TailItem } from '@cosmicembeddings/sdk';
import { coneCursor, fallenIn, planCones, takeBatch, type ConeItem, type ConePlan } from '@cosmicembeddings/sdk/views';
import { systemClock } from '../clock.js';
import { beatOn, follow } from '../follow/index.js';
import { loadPlugins } from '../plugins.js';
import { isDamage } from '../store/sqlite/driver.js';
import { StoreReader } from '../store/sqlite/index.js';
import { isMarkedReady, markReady, openCone, removeCone, type ConeFile } from './cone-file.js';
import type { ConeReply, ConeRequest, ConeSetup, PackedBlocks } from './cone-protocol.js';
import { packBlocks } from './pack.js';
import { bodyOf, createStoreWorld, headerOf } from './store-world.js';

/** Whoever searches or asks drives it to the head; this is how often it looks when nobody does. */
const LOOK_EVERY_MS = 200;
/** Batches between which the log is emptied: fewer than fill it. */
const SETTLE_EVERY = 64;

const setup = workerData as ConeSetup;
const port = parentPort!;
const registry = createRegistry(await loadPlugins(setup.plugins));
const plan = chosen();
const reader = new StoreReader(setup.storePath, setup.engine);
const world = createStoreWorld(reader, registry);
const beat = beatOn(setup.beat);
const view = new Int32Array(setup.view);
/** The head when this worker began: there the cone is ready. */
const head = reader.head();
let file = openSound();
let isReady = isMarkedReady(file);
let unsettled = 0;
/** Blocks were erased: their rows are overwritten in the file at once, not when there is more to write. */
let isUnclean = false;

function chosen(): ConePlan {
  const { views, known } = setup.cone;
  const [only] = planCones({
    views: registry.views.filter(({ name }) => views.includes(name)),
    kind: (name) => (known.includes(name) ? registry.kind(name) : undefined),
  });
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

function tell(reply: ConeReply, packed: readonly (PackedBlocks | undefined)[] = []): void {
  const buffers = packed.flatMap((one) => (one === undefined ? [] : [one.ids.buffer, one.labels.buffer]));
  port.postMessage(reply, buffers as ArrayBuffer[]);
}

function take(items: readonly TailItem[], upTo: Cursor): Cursor {
  const seqs = new Map(items.map((item) => [item.type === 'put' ? item.block.id : item.id, item.seq]));
  const taken = takeBatch(plan, file.store, world, items.map(itemOf), upTo, {
    step: (name, block) => {
      Atomics.store(view, 0, 1 + plan.views.findIndex((one) => one.name === name));
      const seq = block === undefined ? undefined : seqs.get(block);
      // What follows from several blocks cannot be laid to one of them, unless it came alone.
      if (seq !== undefined) beat.at(seq);
      else beat.begin(items[0]?.seq ?? upTo.seq, items.at(-1)?.seq ?? upTo.seq);
    },
    isBarred: (name, block) => setup.bars.some((bar) => bar.view === name && bar.seq === seqs.get(block)),
    onFault: (name, at, detail) => tell({ type: 'fault', view: name, at, detail }),
  });
  Atomics.store(view, 0, 0);
  unsettled += 1;
  isUnclean ||= items.some(({ type }) => type === 'erase');
  if (upTo.seq >= head.seq) becomeReady();
  const [fell, stood] = [packed(taken.fell), packed(taken.stood)];
  tell(
    {
      type: 'moved',
      position: upTo,
      changes: taken.changes,
      ready: isReady,
      ...(fell === undefined ? {} : { fell }),
      ...(stood === undefined ? {} : { stood }),
    },
    [fell, stood],
  );
  return upTo;
}

function itemOf(item: TailItem): ConeItem {
  if (item.type === 'erase') return { type: 'erase', id: item.id };
  const { block } = item;
  const body = plan.known.includes(block.entry.kind) ? bodyOf(block, registry) : undefined;
  return { type: 'put', header: headerOf(block.id, block.entry), ...(body === undefined ? {} : { body }) };
}

function becomeReady(): void {
  if (isReady) return;
  markReady(file);
  isReady = true;
}

function packed(ids: readonly BlockId[]): PackedBlocks | undefined {
  return ids.length === 0 ? undefined : packBlocks(ids, reader);
}

/** A damaged file, or one of another life of the store, is built anew. */
function restart(epoch: string): Cursor {
  file.close();
  file = openAnew();
  isReady = false;
  const start = { epoch, seq: 0 };
  takeBatch(plan, file.store, world, [], start);
  return start;
}

const follower: Follower = {
  name: plan.name,
  version: plan.fingerprint,
  // Without known kinds headers are all that is read.
  wants: { ...plan.wants, parts: plan.known.length > 0 ? 'all' : 'entries' },
  take: (items, upTo) => {
    try {
      return take(items, upTo);
    } catch (error) {
      if (!isDamage(error)) throw error;
      tell({ type: 'trouble', detail: `${plan.name}: its file was damaged and is built anew` });
      return restart(upTo.epoch);
    }
  },
  durable: () => coneCursor(file.store),
  restart: (epoch) => void restart(epoch),
  idle: () => {
    if (isUnclean) isUnclean = !file.clean();
    else if (unsettled >= SETTLE_EVERY) {
      file.settle();
      unsettled = 0;
    }
    return false;
  },
};

const saved = coneCursor(file.store);
if (saved === undefined) takeBatch(plan, file.store, world, [], { epoch: head.epoch, seq: 0 });
else if (saved.epoch !== head.epoch || saved.seq > head.seq) restart(head.epoch);
const position = coneCursor(file.store)!;
if (position.seq >= head.seq) becomeReady();
tell({
  type: 'opened',
  position,
  fallen: packBlocks([...new Set(fallenIn(file.store))], reader),
  ready: isReady,
});

const following = await follow(follower, {
  store: reader,
  clock: systemClock,
  lookEveryMs: LOOK_EVERY_MS,
  carefulTo: setup.carefulTo,
  ...(setup.pressure === undefined ? {} : { pressure: setup.pressure }),
  yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
  onStopped: (error) => tell({ type: 'trouble', detail: `${plan.name}: ${String(error)}` }),
  onFault: (item, error) =>
    tell({ type: 'trouble', detail: `${plan.name}: cannot take ${item.seq}: ${String(error)}` }),
});

port.on('message', (request: ConeRequest) => {
  if (request.type === 'close') {
    void following.close().then(() => {
      file.close();
      reader.close();
      port.close();
    });
    return;
  }
  void following
    .catchUp(reader.head().seq, Infinity)
    .catch((error: unknown) => tell({ type: 'trouble', detail: `${plan.name}: ${String(error)}` }))
    .then(() => tell({ type: 'caughtUp' }));
});
