import {
  contentOf,
  CosmicError,
  decodeBody,
  readBody,
  spaceIdOf,
  toUnit,
  unpackRow,
  type BlockId,
  type BlockStore,
  type Catalogue,
  type Registry,
  type SpaceDescriptor,
  type StoredBlock,
  type TranslatorBody,
  type TranslatorReport,
} from '@cosmicembeddings/sdk';
import {
  openTranslator,
  placeOf,
  readTranslator,
  relevanceKept,
  relevanceMin,
  verifyTranslator,
  type Nearness,
  type Translator,
} from '@cosmicembeddings/sdk/translators';
import type { Asker } from './askers.js';
import { letBy, pageBudget, readBytesOf, spendBlock } from './budget.js';
import type { VectorSearch } from './parts.js';

export interface TranslatorsParts {
  readonly store: Pick<BlockStore, 'get' | 'head'>;
  readonly catalogue: Pick<Catalogue, 'find' | 'blocksOf'>;
  readonly vectors: VectorSearch;
  readonly registry: Registry;
  /** Authors whose translators are used; of nobody else's. */
  readonly trust: readonly string[];
  readonly isHidden: (id: BlockId) => boolean;
  readonly onRefused?: (id: BlockId, why: string) => void;
}

/** Translators looked at, the newest of those whom the operator trusts, and kept open: a large one holds some 15 MB. */
const LOOKED_MAX = 32;
const OPEN_MAX = 8;
/** Rows by which is judged whether what is found is like the anchors. */
const FOUND = 10;
/** Of blocks that are read for it. */
const FOUND_BYTES = 4 * 1024 * 1024;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Opened {
  readonly id: BlockId;
  readonly from: SpaceDescriptor;
  readonly to: SpaceDescriptor;
  readonly method: string;
  readonly translator: Translator;
  readonly nearness: Nearness;
}

/** Ways into spaces without an embedder, by translators of trusted authors whose own evaluation bears them out. */
export function createTranslators(parts: TranslatorsParts): {
  ways(spaces: readonly string[]): Promise<readonly Asker[]>;
  /** Spaces of questions that can be translated. */
  sources(): Promise<readonly SpaceDescriptor[]>;
  /** Those in use. */
  reports(): Promise<readonly TranslatorReport[]>;
} {
  const { store, catalogue, trust, isHidden } = parts;
  const opened = new Map<BlockId, Promise<Opened | undefined>>();
  let ids: readonly BlockId[] = [];
  let seq = -1;

  const known = async (): Promise<readonly Opened[]> => {
    if (trust.length === 0) return [];
    const head = await store.head();
    if (head.seq !== seq) {
      const filter = { kinds: ['translator/1'], authors: trust };
      ids = (await catalogue.find(filter, { limit: LOOKED_MAX, order: 'newest' })).ids;
      seq = head.seq;
    }
    const standing = ids.filter((id) => !isHidden(id)).slice(0, OPEN_MAX);
    for (const id of opened.keys()) if (!standing.includes(id)) opened.delete(id);
    for (const id of standing) if (!opened.has(id)) opened.set(id, open(id));
    const all = await Promise.all(standing.map((id) => opened.get(id)));
    return all.filter((one) => one !== undefined);
  };

  const open = async (id: BlockId): Promise<Opened | undefined> => {
    // What cannot be read now is looked at again with the next question.
    const [block] = await store.get([id]).catch(() => (opened.delete(id), [undefined]));
    try {
      const body = block === undefined ? undefined : bodyOf(block, parts.registry);
      if (body === undefined) return undefined;
      const proof = verifyTranslator(body);
      if (!proof.agrees) throw new CosmicError('kind.malformed', proof.faults.join('; '));
      const { parameters, nearness } = readTranslator(body);
      return {
        id,
        from: body.from,
        to: body.to,
        method: body.method,
        translator: openTranslator(parameters),
        nearness,
      };
    } catch (error) {
      parts.onRefused?.(id, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };

  /** The vectors of the rows that are nearest. */
  const found = async (space: string, vector: Float32Array, signal?: AbortSignal): Promise<Float32Array[]> => {
    const { hits } = await parts.vectors.search(space, vector, FOUND, signal === undefined ? {} : { signal });
    const places = await catalogue.blocksOf(hits.map(({ label }) => label));
    const near: Float32Array[] = [];
    const budget = pageBudget();
    for (const place of places) {
      if (place === undefined) continue;
      // A few rows say nearly as much as all, and blocks can be large.
      if (near.length > 0 && readBytesOf(budget) > FOUND_BYTES) break;
      // A damaged one among them says nothing; the others do.
      const [block] = await store.get([place.id]).catch(() => [undefined]);
      if (block === undefined) continue;
      spendBlock(budget, block.envelope.length + (block.body?.length ?? 0));
      const rows = contentOf(block, parts.registry).vectors;
      if (rows !== undefined && place.row < rows.stored.rows)
        near.push(toUnit(unpackRow(rows.stored, rows.space.dims, place.row)));
      await letBy(budget, nextTurn);
      signal?.throwIfAborted();
    }
    return near;
  };

  const asker = ({ id, from, to, translator, nearness }: Opened): Asker => ({
    space: to,
    name: `translated from ${from.model}`,
    by: 'translator',
    quality: relevanceKept(nearness.near, nearness.agreement),
    translator: id,
    ask: async ({ vectors, translate }, signal) => {
      const question = vectors.get(spaceIdOf(from));
      if (question === undefined) return undefined;
      let vector: Float32Array;
      try {
        vector = translator.translate([question])[0]!;
      } catch (error) {
        if (error instanceof RangeError) return { abstains: 'the question lies where the translator has no direction' };
        throw error;
      }
      const { kept } = placeOf(translator, nearness, question, await found(spaceIdOf(to), vector, signal));
      if (kept < relevanceMin && translate !== 'always')
        return {
          abstains: `a translation is expected to keep ${Math.round(100 * kept)} % of the relevance, ${Math.round(100 * relevanceMin)} % are asked for; translate: always answers all the same`,
        };
      return { vector, quality: kept };
    },
  });

  return {
    ways: async (spaces) => (await known()).filter(({ to }) => spaces.includes(spaceIdOf(to))).map(asker),
    sources: async () => (await known()).map(({ from }) => from),
    reports: async () =>
      (await known()).map(({ id, from, to, method, nearness }) => ({
        id,
        from: spaceIdOf(from),
        to: spaceIdOf(to),
        method,
        quality: relevanceKept(nearness.near, nearness.agreement),
      })),
  };
}

function bodyOf({ entry, body }: StoredBlock, registry: Registry): TranslatorBody | undefined {
  const kind = registry.kind('translator/1');
  const decoded = body === null ? undefined : decodeBody(body);
  if (body === null || decoded?.status !== 'ok' || kind === undefined || entry.inert !== undefined) return undefined;
  const parsed = readBody(kind, entry, decoded.body, body.length);
  return parsed.ok ? (parsed.body as TranslatorBody) : undefined;
}
