import {
  contentOf,
  spaceIdOf,
  toUnit,
  unpackRow,
  type BlockStore,
  type Embedder,
  type Registry,
} from '@cosmicembeddings/sdk';
import type { SpaceCanaries } from './canaries.js';
import { honestyOf, judgedRows, type Honesty, type Judged, type Vouched } from './honesty.js';
import { Sketch, type Drawn } from './sketch.js';

/** Spaces that are judged, those with rows first seen; names of spaces are free. */
const SPACES_MAX = 64;
const READ_AT_ONCE = 8;
const TEXT_MAX = 2000;

interface Watched {
  readonly sketch: Sketch;
  /** Drawn rows that came or went since it was judged: the fewer, the more is here. */
  moved: number;
  /** Read of those that are being judged. */
  read: Judged[];
  reading: readonly Drawn[] | undefined;
  honesty: Honesty;
  /** Blocks of canaries that it was held against. */
  against: string;
}

/** Judges, from a sample of each space's rows, whether they behave as vectors of their texts. */
export class SpaceJudge {
  private readonly spaces = new Map<string, Watched>();

  constructor(
    private readonly store: Pick<BlockStore, 'get'>,
    private readonly registry: Registry,
    kept: Readonly<Record<string, { readonly drawn: readonly Drawn[]; readonly dropped: boolean }>> = {},
    private readonly canaries?: Pick<SpaceCanaries, 'of'>,
  ) {
    for (const [space, drawn] of Object.entries(kept)) this.watch(space, drawn);
  }

  offer(space: string, row: Drawn): void {
    const watched = this.spaces.get(space) ?? this.watch(space);
    if (watched === undefined) return;
    if (watched.sketch.offer(row)) watched.moved++;
  }

  remove(id: string): void {
    for (const [space, watched] of this.spaces) {
      if (!watched.sketch.remove(id)) continue;
      watched.moved++;
      // Of a space without rows not even the name is kept.
      if (watched.sketch.isWhole && watched.sketch.all.length === 0) this.spaces.delete(space);
    }
  }

  of(space: string): Honesty {
    return this.spaces.get(space)?.honesty ?? none;
  }

  get kept(): Readonly<Record<string, { readonly drawn: readonly Drawn[]; readonly dropped: boolean }>> {
    return Object.fromEntries(
      [...this.spaces].map(([space, { sketch }]) => [space, { drawn: sketch.all, dropped: !sketch.isWhole }]),
    );
  }

  /** Some rows of one space; false where there is nothing to judge anew. @throws as embedders do */
  async work(embedders: readonly Embedder[], homeSpace: string | undefined): Promise<boolean> {
    const home = embedders.find(({ space }) => spaceIdOf(space) === homeSpace) ?? embedders[0];
    if (home === undefined) return false;
    for (const [space, watched] of this.spaces) {
      if (watched.reading === undefined) {
        // When half of what was looked at is other rows, or canaries came or went: each time costs the same.
        const isMoved = watched.moved > 0 && watched.moved >= 0.5 * watched.honesty.rows;
        const against = await this.blocksOf(space);
        if (!isMoved && watched.against === against) continue;
        watched.against = against;
        [watched.reading, watched.read, watched.moved] = [watched.sketch.all, [], 0];
      }
      await this.read(watched, space, home, embedders);
      return true;
    }
    return false;
  }

  private async read(watched: Watched, id: string, home: Embedder, embedders: readonly Embedder[]): Promise<void> {
    const some = watched.reading!.slice(0, READ_AT_ONCE);
    watched.reading = watched.reading!.slice(READ_AT_ONCE);
    const own = embedders.find(({ space }) => spaceIdOf(space) === id);
    for (const { id: block, row, author } of some) {
      const [stored] = await this.store.get([block]).catch(() => [undefined]);
      if (stored === undefined || stored.erased !== undefined || stored.body === null) continue;
      const { vectors, passages } = contentOf(stored, this.registry);
      const text = passages[row]?.text.slice(0, TEXT_MAX);
      if (vectors === undefined || text === undefined || row >= vectors.stored.rows) continue;
      const inHome = await vectorOf(home, text);
      if (inHome === undefined) continue;
      const inOwn = own === undefined ? undefined : own === home ? inHome : await vectorOf(own, text);
      watched.read.push({
        author,
        row: toUnit(unpackRow(vectors.stored, vectors.space.dims, row)),
        home: inHome,
        ...(inOwn === undefined ? {} : { own: inOwn }),
      });
    }
    if (watched.reading.length > 0) return;
    watched.honesty = honestyOf(watched.read, own === undefined ? await this.vouched(id, home) : []);
    [watched.read, watched.reading] = [[], undefined];
  }

  private async blocksOf(space: string): Promise<string> {
    return ((await this.canaries?.of(space)) ?? []).map(({ block }) => block?.id ?? '').join(' ');
  }

  private async vouched(space: string, home: Embedder): Promise<Vouched[]> {
    const all: Vouched[] = [];
    for (const { block, canaries } of (await this.canaries?.of(space)) ?? []) {
      const rows: Vouched['rows'][number][] = [];
      for (const { text, vector } of canaries) {
        const inHome = await vectorOf(home, text.slice(0, TEXT_MAX));
        if (inHome !== undefined) rows.push({ row: toUnit(vector), home: inHome });
      }
      all.push({ ...(block === undefined ? {} : { author: block.author }), rows });
    }
    return all;
  }

  private watch(
    space: string,
    kept?: { readonly drawn: readonly Drawn[]; readonly dropped: boolean },
  ): Watched | undefined {
    if (this.spaces.size >= SPACES_MAX) return undefined;
    const watched: Watched = {
      sketch: new Sketch(judgedRows, kept),
      moved: kept?.drawn.length ?? 0,
      read: [],
      reading: undefined,
      honesty: none,
      against: '',
    };
    this.spaces.set(space, watched);
    return watched;
  }
}

const none: Honesty = { state: 'unknown', rows: 0, doubts: [] };

/** Undefined for a text in which the embedder finds nothing. */
async function vectorOf(embedder: Embedder, text: string): Promise<Float32Array | undefined> {
  try {
    const { vectors } = await embedder.embed([text], { role: 'passage' });
    return vectors[0]!.some((x) => x !== 0) ? toUnit(vectors[0]!) : undefined;
  } catch {
    return undefined;
  }
}
