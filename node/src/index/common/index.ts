import { createHmac, randomBytes } from 'node:crypto';
import {
  contentOf,
  CosmicError,
  spaceIdOf,
  toUnit,
  type BlockStore,
  type Clock,
  type Cursor,
  type Embedder,
  type Follower,
  type Registry,
} from '@cosmicembeddings/sdk';
import { follow, type Pressure, type Trailing } from '../../follow/index.js';
import { dot } from '../vectors/dot.js';
import type { Background } from '../vectors/background.js';
import { readCommon, writeCommon } from './file.js';
import type { SpaceCanaries } from './canaries.js';
import type { Honesty } from './honesty.js';
import { SpaceJudge } from './judging.js';
import { Sketch, type Drawn } from './sketch.js';

export interface CommonOptions {
  readonly store: BlockStore;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly pressure?: Pressure;
  /** Embedders that run in this process: what strangers wrote is sent to no service. At most one a space. */
  embedders(): Promise<readonly Embedder[]>;
  /** Id of the space by which others are judged; default that of the first embedder. */
  readonly homeSpace?: string;
  /** Canaries against which spaces without an embedder here are held. */
  readonly canaries?: Pick<SpaceCanaries, 'of'>;
  /** Data folder; without one nothing is saved. */
  readonly folder?: string;
  onError?(error: unknown): void;
}

export interface Common extends Omit<Trailing, 'answers'> {
  /** How questions stand to the common texts, by space; none while there are fewer than 50 of them. */
  of(queries: ReadonlyMap<string, Float32Array>): ReadonlyMap<string, Background>;
  /** These blocks were erased: their texts leave at once. */
  forget(ids: readonly string[]): void;
  /** Do the rows of a space behave as vectors of their texts? */
  honesty(space: string): Honesty;
  /** Texts that stand in all spaces that this node can embed, and how many are wanted. */
  state(): { readonly texts: number; readonly of: number; readonly spaces: Readonly<Record<string, number>> };
  close(): Promise<void>;
}

/** Texts that make the background, and as many more in reserve for those that go. */
const TEXTS = 300;
const DRAWN = 1200;
/** Fewer say little of mean and spread. */
const TEXTS_MIN = 50;
/** Of one author, while there are others. */
const AUTHOR_SHARE = 0.2;
/** Rows of one block that can be drawn. */
const ROWS_MAX = 16;
/** Of a text so much is embedded, in every space the same. */
const TEXT_MAX = 2000;
const EMBEDDED_AT_ONCE = 8;
const SAVE_EVERY_MS = 15_000;

/**
 * Follows the store and keeps the same few hundred texts, drawn from all blocks, embedded in every space that has an embedder here.
 * A question's cosines to them say what is near in each space when nothing is meant, in the same terms for all.
 */
export async function startCommon(options: CommonOptions): Promise<Common> {
  const { store, registry, clock, folder } = options;
  const saved = folder === undefined ? undefined : readCommon(folder);
  let judge = new SpaceJudge(store, registry, saved?.judged, options.canaries);
  let salt = saved === undefined ? randomBytes(16) : Buffer.from(saved.salt, 'base64');
  let sketch = new Sketch(DRAWN, saved);
  let place: Cursor | undefined = saved === undefined ? undefined : { epoch: saved.epoch, seq: saved.seq };
  /** By space, by row. */
  const vectors = new Map<string, Map<string, Float32Array>>(
    Object.entries(saved?.vectors ?? {}).map(([space, of]) => [
      space,
      new Map(Object.entries(of).map(([key, bytes]) => [key, floatsOf(bytes)])),
    ]),
  );
  /** Rows without a text that can be embedded everywhere. */
  let mute = new Set<string>();
  let picks: readonly Drawn[] = sketch.picks(TEXTS, AUTHOR_SHARE);
  let changed = false;
  /** Were rows drawn since the picks were made? */
  let isDrawn = false;
  let savedMs = clock.now();
  /** Blocks were erased: what the file has of them goes at once. */
  let isUnclean = false;
  let backgrounds: readonly string[] = [];
  let covered: ReadonlySet<string> = new Set();

  const begin = (): void => {
    salt = randomBytes(16);
    sketch = new Sketch(DRAWN);
    judge = new SpaceJudge(store, registry, {}, options.canaries);
    vectors.clear();
    mute = new Set();
    [picks, backgrounds, place, changed] = [[], [], undefined, true];
  };
  const rankOf = (id: string, row: number): number =>
    createHmac('sha256', salt).update(`${id} ${row}`).digest().readUIntBE(0, 6);
  /** Rows that stand in all spaces. */
  const settle = (): void => {
    isDrawn = false;
    picks = sketch.picks(TEXTS + mute.size, AUTHOR_SHARE).filter((one) => !mute.has(keyOf(one)));
    picks = picks.slice(0, TEXTS);
    const wanted = new Set(picks.map(keyOf));
    for (const of of vectors.values()) for (const key of of.keys()) if (!wanted.has(key)) of.delete(key);
    look();
  };
  const look = (): void => {
    // A space that has just come is left out until there is enough of it, so that the others keep theirs meanwhile.
    const ready = [...vectors].filter(([, of]) => of.size >= TEXTS_MIN);
    covered = new Set(ready.map(([space]) => space));
    backgrounds = picks.map(keyOf).filter((key) => ready.length > 0 && ready.every(([, of]) => of.has(key)));
    changed = true;
  };
  const forget = (ids: readonly string[]): boolean => {
    for (const id of ids) judge.remove(id);
    isUnclean = changed = true;
    const gone = ids.filter((id) => sketch.remove(id));
    if (gone.length === 0) return false;
    settle();
    return true;
  };
  const textOf = async ({ id, row }: Drawn): Promise<string | undefined> => {
    const [block] = await store.get([id]).catch(() => [undefined]);
    if (block === undefined || block.erased !== undefined || block.body === null) return undefined;
    return contentOf(block, registry).passages[row]?.text.slice(0, TEXT_MAX);
  };
  /** Some texts into the spaces that lack them; false where none does. */
  const embedSome = async (): Promise<boolean> => {
    const embedders = await options.embedders();
    const spaces = new Set(embedders.map(({ space }) => spaceIdOf(space)));
    for (const space of vectors.keys()) if (!spaces.has(space)) vectors.delete(space);
    for (const space of spaces) if (!vectors.has(space)) vectors.set(space, new Map());
    const lacking = picks.filter((one) => [...vectors.values()].some((of) => !of.has(keyOf(one))));
    const some = lacking.slice(0, EMBEDDED_AT_ONCE);
    if (some.length === 0) return false;
    const texts = await Promise.all(some.map(textOf));
    for (const [i, one] of some.entries()) {
      const found = texts[i] === undefined ? undefined : await everywhere(embedders, texts[i]);
      // It may have been erased meanwhile.
      if (!sketch.all.some(({ id, row }) => id === one.id && row === one.row)) continue;
      if (found === undefined) mute.add(keyOf(one));
      else for (const [space, vector] of found) vectors.get(space)?.set(keyOf(one), vector);
    }
    settle();
    return true;
  };
  const save = (at: Cursor): void => {
    if (folder === undefined) return;
    writeCommon(folder, {
      ...at,
      salt: salt.toString('base64'),
      dropped: !sketch.isWhole,
      drawn: sketch.all,
      judged: judge.kept,
      vectors: Object.fromEntries(
        [...vectors].map(([space, of]) => [
          space,
          Object.fromEntries([...of].map(([key, vector]) => [key, textOfFloats(vector)])),
        ]),
      ),
    });
    [changed, isUnclean, savedMs] = [false, false, clock.now()];
  };

  const follower: Follower = {
    name: 'background',
    version: '1',
    wants: { parts: 'entries' },
    durable: () => place,
    restart: () => begin(),
    take: (items, upTo) => {
      let gone = false;
      for (const item of items) {
        if (item.type === 'erase') {
          judge.remove(item.id);
          gone = sketch.remove(item.id) || gone;
          isUnclean = true;
          continue;
        }
        const { id, entry } = item.block;
        if (entry.rows === 0 || entry.inert !== undefined) continue;
        const n = Math.min(entry.rows, ROWS_MAX);
        for (let i = 0; i < n; i++) {
          const row = Math.floor((i * entry.rows) / n);
          const drawn = { rank: rankOf(id, row), id, row, author: entry.author };
          isDrawn = sketch.offer(drawn) || isDrawn;
          if (entry.space !== undefined) judge.offer(entry.space, drawn);
        }
      }
      place = { epoch: upTo.epoch, seq: upTo.seq };
      changed = true;
      if (gone) settle();
    },
    idle: async () => {
      if (isDrawn) settle();
      if (!sketch.isWhole && sketch.all.length < TEXTS) {
        // So many of those that were drawn have gone that the rest is no even sample any more.
        begin();
        following.resume();
        return true;
      }
      const worked = (await embedSome()) || (await judge.work(await options.embedders(), options.homeSpace));
      if (changed && place !== undefined && (isUnclean || clock.now() - savedMs >= SAVE_EVERY_MS)) save(place);
      return worked;
    },
  };
  settle();
  const following = await follow(follower, {
    store,
    clock,
    ...(options.pressure === undefined ? {} : { pressure: options.pressure }),
    yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
    ...(options.onError === undefined ? {} : { onStopped: options.onError }),
  });
  return {
    name: follower.name,
    position: () => following.position(),
    waitFor: (seq, signal) => following.waitFor(seq, signal),
    stopped: () => following.progress().stopped,
    notify: (head) => following.notify(head.seq),
    forget: (ids) => void (forget(ids) && following.notify()),
    of: (queries) => {
      const found = new Map<string, Background>();
      if (backgrounds.length < TEXTS_MIN) return found;
      for (const [space, query] of queries) {
        const of = vectors.get(space);
        if (of !== undefined && covered.has(space)) found.set(space, backgroundOf(toUnit(query), backgrounds, of));
      }
      return found;
    },
    honesty: (space) => judge.of(space),
    state: () => ({
      texts: backgrounds.length,
      of: Math.min(TEXTS, sketch.all.length),
      spaces: Object.fromEntries([...vectors].map(([space, of]) => [space, of.size])),
    }),
    close: async () => {
      await following.close();
      if (changed && place !== undefined) save(place);
    },
  };
}

const keyOf = ({ id, row }: Pick<Drawn, 'id' | 'row'>): string => `${id} ${row}`;

/** Undefined for a text that one of them finds nothing in. @throws CosmicError embedder.unavailable */
async function everywhere(
  embedders: readonly Embedder[],
  text: string,
): Promise<readonly (readonly [string, Float32Array])[] | undefined> {
  const found: [string, Float32Array][] = [];
  for (const embedder of embedders) {
    try {
      const { vectors } = await embedder.embed([text], { role: 'passage' });
      if (vectors[0]!.every((x) => x === 0)) return undefined;
      found.push([spaceIdOf(embedder.space), toUnit(vectors[0]!)]);
    } catch (error) {
      if (error instanceof CosmicError && error.code !== 'embedder.unavailable') return undefined;
      throw error;
    }
  }
  return found;
}

function backgroundOf(query: Float32Array, keys: readonly string[], of: ReadonlyMap<string, Float32Array>): Background {
  let [n, sum, squares] = [0, 0, 0];
  for (const key of keys) {
    const cosine = dot(query, of.get(key)!, 0);
    n++;
    sum += cosine;
    squares += cosine * cosine;
  }
  const mean = sum / n;
  return { mean, spread: Math.sqrt(Math.max(0, squares / n - mean * mean)), n };
}

function textOfFloats(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

function floatsOf(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * Math.floor(bytes.length / 4)));
}
