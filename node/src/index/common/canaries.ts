import {
  canaryTolerance,
  cosine,
  spaceIdOf,
  type BlockId,
  type BlockStore,
  type Canary,
  type CanaryReport,
  type Catalogue,
  type Clock,
  type Embedder,
} from '@cosmicembeddings/sdk';
import { canariesOfBody, canariesOfSpace } from '@cosmicembeddings/sdk/embedders';

export interface CanariesParts {
  readonly store: Pick<BlockStore, 'get'>;
  readonly catalogue: Pick<Catalogue, 'find'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Those of this process: what strangers wrote is sent to no service. */
  readonly embedders: () => Promise<readonly Embedder[]>;
  /** Authors whose canaries are looked at before those of others. */
  readonly trust: readonly string[];
  readonly isHidden: (id: BlockId) => boolean;
}

/** Canaries of one author in a space. */
export interface Source {
  /** Absent: they come with the SDK. */
  readonly block?: { readonly id: BlockId; readonly author: string };
  readonly canaries: readonly Canary[];
}

export interface SpaceCanaries {
  /** Of a space; the author's newest block counts. */
  of(space: string): Promise<readonly Source[]>;
  /** What they show. @throws as the space's embedder */
  report(space: string): Promise<CanaryReport>;
}

/** Blocks looked at, authors' that count in one space, and texts of one block: anybody can publish canaries. */
const BLOCKS_MAX = 256;
const SOURCES_MAX = 8;
const TEXTS_MAX = 128;
const KEPT_MS = 10_000;

/** Finds the canaries of spaces among the blocks here, and says whether they are reproduced, or agree with each other (specs/space.md). */
export function createCanaries(parts: CanariesParts): SpaceCanaries {
  const { store, catalogue, clock, trust, isHidden } = parts;
  let found: Promise<ReadonlyMap<string, readonly Source[]>> | undefined;
  let foundMs = -Infinity;
  /** By block: null where it holds none. Their bytes never change under their id; what was erased is found no more. */
  let read = new Map<BlockId, { readonly space: string; readonly source: Source } | null>();
  /** By space and block: how far this node's embedder is from them. */
  let proofs = new Map<string, Promise<number>>();

  const look = async (): Promise<ReadonlyMap<string, readonly Source[]>> => {
    const filter = { kinds: ['embedding/1'], tagsAll: ['canary'] };
    const page = { limit: BLOCKS_MAX, order: 'newest' as const };
    const lists = await Promise.all([
      trust.length === 0 ? { ids: [] } : catalogue.find({ ...filter, authors: trust }, page),
      // Of strangers those that say they came first: who comes later pushes none of them out.
      catalogue.find(filter, { ...page, order: 'oldest' }),
    ]);
    const ids = [...new Set(lists.flatMap(({ ids }) => ids))].filter((id) => !isHidden(id));
    const kept: typeof read = new Map();
    for (const id of ids) kept.set(id, read.has(id) ? (read.get(id) ?? null) : await readOne(id));
    read = kept;
    const bySpace = new Map<string, Source[]>();
    for (const one of kept.values()) {
      if (one === null) continue;
      const sources = bySpace.get(one.space) ?? [];
      const isKnown = sources.some(({ block }) => block?.author === one.source.block?.author);
      if (!isKnown && sources.length < SOURCES_MAX) bySpace.set(one.space, [...sources, one.source]);
    }
    return bySpace;
  };
  const readOne = async (id: BlockId): Promise<{ space: string; source: Source } | null> => {
    const [block] = await store.get([id]).catch(() => [undefined]);
    const body = block?.body ?? undefined;
    if (block === undefined || body === undefined || block.entry.inert !== undefined) return null;
    const some = canariesOfBody(body);
    return some === undefined
      ? null
      : {
          space: spaceIdOf(some.space),
          source: { block: { id, author: block.entry.author }, canaries: some.canaries.slice(0, TEXTS_MAX) },
        };
  };
  const of = async (space: string): Promise<readonly Source[]> => {
    if (found === undefined || clock.now() - foundMs >= KEPT_MS) {
      foundMs = clock.now();
      found = look();
      found.catch(() => (found = undefined));
    }
    const shipped = canariesOfSpace(space);
    return [...(shipped === undefined ? [] : [{ canaries: shipped.canaries }]), ...((await found).get(space) ?? [])];
  };
  const proofOf = (space: string, source: Source, embedder: Embedder): Promise<number> => {
    const key = `${space} ${source.block?.id ?? ''}`;
    const known = proofs.get(key) ?? distanceOf(embedder, source);
    if (proofs.size > BLOCKS_MAX) proofs = new Map();
    proofs.set(key, known);
    known.catch(() => proofs.delete(key));
    return known;
  };
  return {
    of,
    report: async (space) => {
      const sources = await of(space);
      if (sources.length === 0) return { state: 'none', sources: [] };
      const embedder = (await parts.embedders()).find((one) => spaceIdOf(one.space) === space);
      const distances =
        embedder === undefined
          ? sources.map((source) => apart(source, sources))
          : await Promise.all(sources.map((source) => proofOf(space, source, embedder)));
      const isNear = (distance: number | undefined): boolean => distance === undefined || distance <= canaryTolerance;
      return {
        state:
          embedder === undefined
            ? distances.every(isNear)
              ? 'vouched'
              : 'disputed'
            : // What comes with the SDK is the space itself; a stranger's canaries may be wrong.
              sources.some(({ block }, i) => isNear(distances[i]) && block === undefined) ||
                (sources[0]!.block !== undefined && distances.some(isNear))
              ? 'reproduced'
              : 'not_reproduced',
        sources: sources.map(({ block, canaries }, i) => ({
          ...(block === undefined ? {} : block),
          texts: canaries.length,
          ...(distances[i] === undefined ? {} : { distance: distances[i] }),
        })),
      };
    },
  };
}

/** The greatest 1 − cosine between what the embedder makes of the texts and what the author says. */
async function distanceOf(embedder: Embedder, { canaries }: Source): Promise<number> {
  let worst = 0;
  for (const { text, role, vector } of canaries) {
    const { vectors } = await embedder.embed([text], { role });
    worst = Math.max(worst, 1 - cosine(vectors[0]!, vector));
  }
  return worst;
}

/** The same to the others' canaries of the same texts; undefined where there are none. */
function apart(source: Source, all: readonly Source[]): number | undefined {
  let worst: number | undefined;
  for (const other of all) {
    if (other === source) continue;
    const theirs = new Map(other.canaries.map((one) => [`${one.role} ${one.text}`, one.vector]));
    for (const { text, role, vector } of source.canaries) {
      const same = theirs.get(`${role} ${text}`);
      if (same !== undefined) worst = Math.max(worst ?? 0, 1 - cosine(vector, same));
    }
  }
  return worst;
}
