import {
  corePlugins,
  createRegistry,
  spaceIdOf,
  toUnit,
  unpackRow,
  contentOf,
  type BlockId,
  type CheckedBlock,
  type Embedder,
  type Kind,
  type Ref,
  type SpaceDescriptor,
} from '@cosmicembeddings/sdk';
import {
  createMemoryCatalogue,
  createMemoryStore,
  createMemoryText,
  memoryVectors,
} from '@cosmicembeddings/sdk/memory';
import { testSpace, unsignedBlock } from '@cosmicembeddings/sdk/testing';
import { Cutter, WordIndex } from '../../src/index/words/index.js';
import {
  createSearch,
  type Background,
  type Search,
  type SearchParts,
  type VectorSearch,
} from '../../src/search/index.js';

/** A kind with a text and no rows. */
const noteKind: Kind = {
  name: 'note.example/1',
  maxBytes: 10_000,
  schema: {},
  parse: (_header, body) => ({ ok: true, body }),
  passages: (body) => [{ text: (body as { text: string }).text }],
};

export const registry = createRegistry([...corePlugins, { name: 'notes', kinds: [noteKind], views: [] }]);

export function spaceNamed(model: string, dims = 8): SpaceDescriptor {
  return testSpace(model, dims, { precision: 'fp32', pooling: 'mean', max_tokens: 512 });
}

export interface Row {
  readonly vector?: readonly number[] | Float32Array;
  readonly text?: string;
  readonly heading?: string;
  readonly language?: string;
}

export interface Draft {
  readonly rows: readonly Row[];
  readonly space?: SpaceDescriptor;
  readonly author?: string;
  readonly tags?: readonly string[];
  readonly links?: readonly Ref[];
  readonly timeMs?: number;
  readonly firstSeenMs?: number;
  /** Texts without vectors. */
  readonly rowless?: boolean;
}

/** Ledger in memory behind the real pipeline. Nothing here looks at signatures, so there are none. */
export class Ledger {
  readonly store = createMemoryStore();
  readonly catalogue = createMemoryCatalogue(this.store);
  readonly text = createMemoryText(this.store, registry);
  hidden = new Uint8Array(0);
  embedders: Embedder[] = [];
  /** Does the index deliver background samples, as the real one does from 100 rows on? */
  background = true;
  demotions = new Map<number, number>();
  calls: { space: string; k: number; allowed: boolean }[] = [];
  private made = 0;
  private readonly indexes = new Map<
    string,
    { index: ReturnType<typeof memoryVectors>; rows: Map<number, Float32Array> }
  >();
  readonly search: Search;
  readonly vectorSearch: VectorSearch;

  private readonly cutter = new Cutter();
  private readonly words = new WordIndex(this.cutter);

  /** `inMemory`: with the words' postings in memory, as a node has them; without, on the full-text index alone. */
  constructor(more: Partial<SearchParts> & { readonly inMemory?: boolean } = {}) {
    this.vectorSearch = this.vectors();
    this.search = createSearch({
      store: this.store,
      catalogue: this.catalogue,
      text:
        more.inMemory === true
          ? { ...this.text, match: (query, question) => Promise.resolve(this.words.search(query, question)) }
          : this.text,
      vectors: this.vectorSearch,
      embedders: () => Promise.resolve(this.embedders),
      hidden: () => this.hidden,
      registry,
      clock: { now: () => 1_700_000_000_000 },
      ...more,
    });
  }

  async put(...drafts: Draft[]): Promise<BlockId[]> {
    const ids: BlockId[] = [];
    for (const draft of drafts) {
      const block = blockOf(draft, this.made++);
      await this.store.put([{ block, firstSeenMs: draft.firstSeenMs ?? block.timeMs }]);
      const [stored] = await this.store.get([block.id]);
      if (block.entry.rows > 0) await this.indexRows(block.entry.space!, draft.space!, stored!.firstLabel, draft.rows);
      draft.rows.forEach(({ text, heading }, row) => {
        if (text !== undefined)
          this.words.add(
            stored!.seq * 1000 + row,
            draft.rowless === true ? -1 : stored!.firstLabel + row,
            block.id,
            this.cutter.text(heading ?? '', text),
          );
      });
      ids.push(block.id);
    }
    return ids;
  }

  /** As an operator erases: the store at once, the index after it. */
  async erase(id: BlockId): Promise<void> {
    await this.store.erase([id], 'takedown');
  }

  private async indexRows(id: string, space: SpaceDescriptor, firstLabel: number, rows: readonly Row[]): Promise<void> {
    let entry = this.indexes.get(id);
    if (entry === undefined) this.indexes.set(id, (entry = { index: memoryVectors(space), rows: new Map() }));
    const labelled = rows.map(({ vector }, i) => ({
      label: firstLabel + i,
      vector: toUnit(Float32Array.from(vector!)),
    }));
    for (const { label, vector } of labelled) entry.rows.set(label, vector);
    const { epoch, seq } = await this.store.head();
    await entry.index.upsert(labelled, { epoch, seq });
  }

  private vectors(): VectorSearch {
    return {
      search: async (space, query, k, options = {}) => {
        this.calls.push({ space, k, allowed: options.allow !== undefined || options.among !== undefined });
        const among = options.among && new Set(options.among);
        const { epoch, seq } = await this.store.head();
        const entry = this.indexes.get(space);
        if (entry === undefined) return { hits: [], indexedTo: { epoch, seq } };
        const all = await entry.index.search(query, entry.rows.size, options.allow);
        const hits = all
          .filter(({ label }) => among?.has(label) ?? true)
          .map(({ label, score }) => ({
            label,
            score,
            ...(this.demotions.has(label) ? { demotion: this.demotions.get(label)! } : {}),
          }))
          .sort((a, b) => b.score - (b.demotion ?? 0) - (a.score - (a.demotion ?? 0)) || a.label - b.label)
          .slice(0, k);
        const wants = options.background === true && this.background && entry.rows.size >= 100;
        return {
          hits,
          indexedTo: { epoch, seq },
          ...(wants ? { background: await backgroundOf(entry.index, query, entry.rows.size) } : {}),
        };
      },
    };
  }
}

async function backgroundOf(
  index: ReturnType<typeof memoryVectors>,
  query: Float32Array,
  n: number,
): Promise<Background> {
  const scores = (await index.search(query, n)).map(({ score }) => score);
  const mean = scores.reduce((sum, x) => sum + x, 0) / n;
  return { mean, spread: Math.sqrt(scores.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n), n };
}

export function blockOf(
  { rows, space, author = 'did:key:zAda', rowless = false, ...more }: Draft,
  n: number,
): CheckedBlock {
  const made = {
    number: n,
    author,
    rows: rows.map(({ vector = [], ...row }) => ({ origin: `file-${n}.md`, vector, ...row })),
    ...more,
  };
  return unsignedBlock(
    rowless ? { ...made, kind: 'note.example/1', fields: { text: rows[0]!.text! } } : { ...made, space },
  );
}

/** An embedder that looks words up: each known word is an axis, a text their sum; knows nothing else. */
export function wordEmbedder(space: SpaceDescriptor, axes: Readonly<Record<string, number>>): Embedder {
  return {
    space,
    embed: async (texts) => ({
      vectors: texts.map((text) => {
        const vector = new Float32Array(space.dims).fill(0.05);
        for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? [])
          if (axes[word] !== undefined) vector[axes[word]] += 1;
        return toUnit(vector);
      }),
      truncated: texts.map(() => false),
      tokens: texts.map(() => null),
    }),
  };
}

/** Vectors that look random and are always the same. */
export function noise(seed: number, dims = 8): Float32Array {
  let state = seed * 2_654_435_761 + 1;
  return toUnit(
    Float32Array.from({ length: dims }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 31 - 1;
    }),
  );
}

export { contentOf, spaceIdOf, unpackRow };
