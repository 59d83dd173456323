import { join } from 'node:path';
import { createRegistry } from '@cosmicembeddings/sdk';
import { systemClock } from './clock.js';
import { verifierOf } from './door/crypto/index.js';
import { createLatePool } from './door/late-pool.js';
import { createVerifyPool } from './door/verify-pool.js';
import { createPressure, openFaults } from './follow/index.js';
import { startJudging } from './index/kinds/index.js';
import { openVectors } from './index/vectors/index.js';
import type { Log } from './log.js';
import { embeddersOf, startHome } from './node-home.js';
import type { NodeConfig } from './operate/config.js';
import { eraseWhatWasBegun } from './operate/erasure/index.js';
import { openNodeKeys } from './operate/keys.js';
import { loadPlugins } from './plugins.js';
import { openEmbedders } from './search/embedders.js';
import { whyNotBetter } from './store/sqlite/driver.js';
import { openSqlite, prepareSqlite, storeFile } from './store/sqlite/index.js';
import { createViews } from './views/index.js';

/** Longer than a start takes. */
const STARTING_MS = 10_000;

export type Closers = (() => Promise<void> | void)[];

/** Begins to open a part while others are opened too; whatever becomes of those, it is closed in its turn. */
function begin<T extends { close(): Promise<void> } | undefined>(opening: Promise<T>, closers: Closers): Promise<T> {
  const opened = opening.catch(() => undefined);
  closers.push(async () => (await opened)?.close());
  return opening;
}

/** Opens what holds files and threads: what depends on nothing that is not there yet side by side. */
export async function openParts(config: NodeConfig, log: Log, closers: Closers) {
  const registry = createRegistry(await loadPlugins(config.plugins));
  const keys = await openNodeKeys(config.data);
  const pressure = createPressure();
  // A start is waited for like a search: what can wait does, until the node listens.
  pressure.asked(systemClock.now() + STARTING_MS);
  const faults = openFaults(join(config.data, 'faults.json'));
  const storeOptions = {
    folder: config.data,
    network: config.network,
    engine: config.store,
    plugins: config.plugins,
    node: keys.did,
    pressure: pressure.shared,
    faults,
  };
  const prepared = prepareSqlite(storeOptions);
  const { engine } = prepared;
  const opening = begin(openSqlite(storeOptions, prepared), closers);
  let tellNear = (_author: string, _rows: number): void => undefined;
  const onNear = (tell: typeof tellNear): void => void (tellNear = tell);
  // Whoever follows the store needs its file alone: all threads that a search needs start at once.
  const following = [
    begin(
      openVectors({
        folder: join(config.data, 'index'),
        engine: config.index,
        reader: { folder: config.data, engine },
        plugins: config.plugins,
        guard: config.guard,
        onNear: (author, rows) => tellNear(author, rows),
        pressure: pressure.shared,
        faults,
      }),
      closers,
    ),
    begin(
      createViews({
        storePath: storeFile(config.data),
        engine,
        registry,
        plugins: config.plugins,
        folder: join(config.data, 'views'),
        clock: systemClock,
        head: prepared.head,
        pressure: pressure.shared,
        onFault: (detail) => log.warn({ detail }, 'views'),
      }),
      closers,
    ),
  ] as const;
  // While they start, this thread does what else it has to.
  const embedders = openEmbedders(embeddersOf(config), systemClock, log);
  const homing = begin(startHome(config, embedders, { pressure: pressure.patient, faults, engine }), closers);
  const verifier = verifierOf(config.verifier);
  const pool = createLatePool(
    () =>
      createVerifyPool({
        network: config.network,
        plugins: config.plugins,
        workers: config.verifyWorkers,
        verifier: config.verifier,
        onBarred: (kind) =>
          log.error(
            { kind },
            'a kind did not come to an end with a block; its blocks are kept unread until the next start',
          ),
      }),
    verifier.name,
  );
  closers.push(() => pool.close());
  const sqlite = await opening;
  const slowStore = whyNotBetter(sqlite.engine);
  if (slowStore !== undefined) log.warn({ store: sqlite.engine }, slowStore);
  const { store, catalogue } = sqlite;
  const begun = await eraseWhatWasBegun(config.data, sqlite, registry);
  if (begun > 0)
    log.warn(
      { blocks: begun },
      'an erasure is not proven yet; its bodies are gone, and cosmic erase --resume proves it once the node is stopped',
    );
  // Blocks may be judged before there is anybody to tell of it.
  let judgedTo = 0;
  let tellJudged = (seq: number): void => void (judgedTo = seq);
  const judging = await startJudging({
    judging: sqlite.judging,
    registry,
    stored: Object.keys((await catalogue.counts()).kinds),
    head: await store.head(),
    storePath: storeFile(config.data),
    engine: sqlite.engine,
    plugins: config.plugins,
    pressure: pressure.shared,
    faults,
    onJudged: (seq) => tellJudged(seq),
    onError: (error) => log.error({ error: String(error) }, 'blocks of changed kinds are not judged anew'),
  });
  if (judging !== undefined) closers.push(() => judging.close());
  const onJudged = (tell: (seq: number) => void): void => {
    tellJudged = tell;
    if (judgedTo > 0) tell(judgedTo);
  };
  const home = await homing;
  const [vectors, views] = await Promise.all(following);
  return {
    registry,
    keys,
    pressure,
    faults,
    sqlite,
    slowStore,
    judging,
    onJudged,
    onNear,
    embedders,
    vectors,
    views,
    home,
    pool,
    verifier,
  };
}
