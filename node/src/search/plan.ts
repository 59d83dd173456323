import {
  contentOf,
  CosmicError,
  parseCid,
  spaceIdOf,
  spaceLabel,
  toUnit,
  unpackRow,
  type BlockId,
  type Embedder,
  type Registry,
  type SearchRequest,
  type SpaceDescriptor,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import { foreignLanguage, languageAdvice, speaksLanguage } from '@cosmicembeddings/sdk/embedders';
import { readQuery } from '@cosmicembeddings/sdk/words';
import { askWays, embedderAsker, type Way } from './askers.js';
import type { SearchParts, Weights } from './parts.js';
import { checkTrusted } from './author-share.js';
import { EmbeddedTexts } from './embedded-texts.js';

/** A request, understood: which vectors to look near to in which spaces, and which words to look for. */
export interface Plan {
  readonly mode: 'hybrid' | 'vectors' | 'words';
  /** Query vectors by space id. */
  readonly queries: ReadonlyMap<string, Float32Array>;
  /** How the question came into each of these spaces. */
  readonly ways: ReadonlyMap<string, Way>;
  /** Spaces with rows here into which it was not put though there is a way, and why. */
  readonly left: readonly { readonly space: string; readonly why: string }[];
  /** Do vectors that this node made of texts take part? */
  readonly computed: boolean;
  /** What the text index is asked; undefined: no words take part. */
  readonly words?: string;
  /** The question as it was asked in words, whether words take part or not; undefined: by a vector, or a block's id, alone. */
  readonly asked?: string;
  /** Does something of it stand in quotes? What holds that as it stands is ahead. */
  readonly phrases?: true;
  /** A block that was asked for by its id and comes first. */
  readonly pinned?: StoredBlock;
  /** A block that is not news to who asks. */
  readonly exclude?: BlockId;
  /** What operator and question say of them; the rest follows the scores. */
  readonly weights: Partial<Weights>;
  readonly notes: readonly string[];
}

/** Reads requests against what is here. */
export class Planner {
  private readonly texts = new EmbeddedTexts();
  /** Descriptors never change under their id. */
  private readonly spaces = new Map<string, SpaceDescriptor>();

  constructor(
    private readonly parts: SearchParts,
    private readonly registry: Registry,
  ) {}

  /** @throws CosmicError search.bad_query, search.no_embedder, space.unknown, space.dims_mismatch, block.not_found */
  async plan(request: SearchRequest, signal?: AbortSignal): Promise<Plan> {
    checkRequest(request);
    const text = request.text?.trim();
    const mode = request.mode ?? (text === undefined || text === '' ? 'vectors' : 'hybrid');
    const weights = { ...this.parts.weights, ...request.weights };
    const notes: string[] = [];
    const vectors = new Map<string, Float32Array[]>();
    const add = (space: string, vector: Float32Array): void =>
      void (vectors.get(space)?.push(vector) ?? vectors.set(space, [vector]));

    if (request.filter?.spaces !== undefined) for (const space of request.filter.spaces) await this.describe(space);
    if (typeof request.spaces === 'object') for (const space of request.spaces) await this.describe(space);
    if (request.vector !== undefined) add(request.vector.space, await this.checkVector(request.vector));
    let exclude: BlockId | undefined;
    if (request.like !== undefined) {
      const block = await this.blockLike(request.like.id);
      add(block.entry.space!, this.rowOf(block, request.like.row ?? 0));
      exclude = block.id;
    }
    const ways = new Map<string, Way>([...vectors.keys()].map((space) => [space, { by: 'given' }]));
    let words: Pick<Plan, 'words' | 'phrases' | 'pinned' | 'asked'> = {};
    if (text !== undefined && text !== '') {
      const isId = isBlockId(text);
      const pinned = isId ? (await this.parts.store.get([text]))[0] : undefined;
      if (pinned !== undefined) {
        words = { pinned };
        if (pinned.entry.rows > 0 && pinned.entry.space !== undefined && pinned.body !== null)
          add(pinned.entry.space, this.rowOf(pinned, 0));
      } else {
        if (isId) notes.push(`no block ${text} is here; looked for texts that name it`);
        if (mode !== 'vectors' || isId) words = readWords(text);
        words = { ...words, asked: text };
        if (mode !== 'words' && !isId) {
          for (const [space, vector, way] of await this.embed(
            text.replaceAll('"', ' ').trim() || text,
            this.embeddedIn(request, [...vectors.keys()]),
            mode === 'vectors' && vectors.size === 0,
            notes,
            signal,
          )) {
            add(space, vector);
            if (!ways.has(space)) ways.set(space, way);
          }
        }
      }
    }
    const queries = new Map([...vectors].map(([space, list]) => [space, sumOf(list)]));
    const others = mode === 'words' || words.pinned !== undefined ? undefined : await this.others(request, queries);
    const { asked = [], left = [] } =
      others === undefined
        ? {}
        : await askWays(
            others,
            {
              ...(text === undefined ? {} : { text }),
              vectors: new Map(queries),
              ...(request.translate === undefined ? {} : { translate: request.translate }),
            },
            signal,
          );
    for (const { space, vector, way } of asked) {
      queries.set(space, vector);
      ways.set(space, way);
    }
    for (const { space, why } of left) notes.push(`not searched in ${spaceLabel(await this.describe(space))}: ${why}`);
    return {
      mode: words.pinned === undefined ? mode : 'vectors',
      queries,
      ways,
      left,
      computed: request.spaces !== 'same',
      ...words,
      ...(exclude === undefined ? {} : { exclude }),
      weights,
      notes,
    };
  }

  /** @throws CosmicError space.unknown */
  async describe(space: string): Promise<SpaceDescriptor> {
    const known = this.spaces.get(space);
    if (known !== undefined) return known;
    for (const embedder of await this.parts.embedders()) this.spaces.set(spaceIdOf(embedder.space), embedder.space);
    for (const one of (await this.parts.catalogue.counts()).spaces) this.spaces.set(one.id, one.space);
    if (!this.spaces.has(space))
      for (const one of (await this.parts.translatable?.()) ?? []) this.spaces.set(spaceIdOf(one), one);
    const found = this.spaces.get(space);
    if (found === undefined)
      throw new CosmicError('space.unknown', `asked for ${space}; here are ${named(this.spaces.values())}`);
    return found;
  }

  private async checkVector({ space, values }: NonNullable<SearchRequest['vector']>): Promise<Float32Array> {
    const described = await this.describe(space);
    if (values.length !== described.dims)
      throw new CosmicError(
        'space.dims_mismatch',
        `the query has ${values.length} numbers, ${spaceLabel(described)} has ${described.dims}`,
      );
    const vector = new Float32Array(values);
    let sum = 0;
    for (let i = 0; i < vector.length; i++) {
      if (!Number.isFinite(vector[i]))
        throw new CosmicError('search.bad_query', 'vector.values: not all are finite numbers');
      sum += Math.abs(vector[i]!);
    }
    if (sum === 0) throw new CosmicError('search.bad_query', 'vector.values: all are zero, which is no direction');
    return vector;
  }

  private async blockLike(id: BlockId): Promise<StoredBlock> {
    const [block] = await this.parts.store.get([id]).catch(() => [undefined]);
    if (block === undefined) throw new CosmicError('block.not_found', `like.id: ${id.slice(0, 128)}`);
    if (block.entry.rows === 0 || block.entry.space === undefined)
      throw new CosmicError(
        'search.bad_query',
        `like.id: ${id} has no rows${block.erased === undefined ? '' : ' (it was erased)'}`,
      );
    return block;
  }

  private rowOf(block: StoredBlock, row: number): Float32Array {
    if (row >= block.entry.rows)
      throw new CosmicError('search.bad_query', `like.row: ${row}; the block has rows 0 to ${block.entry.rows - 1}`);
    const { vectors } = contentOf(block, this.registry);
    if (vectors === undefined) throw new CosmicError('search.bad_query', `${block.id} has no rows that can be read`);
    return unpackRow(vectors.stored, vectors.space.dims, row);
  }

  /** Spaces in which the words are embedded where there is an embedder; undefined: in all of them. */
  private embeddedIn(
    { vector, like, filter, spaces }: SearchRequest,
    given: readonly string[],
  ): readonly string[] | undefined {
    const listed = typeof spaces === 'object' ? spaces : undefined;
    // Words beside a block's id narrow what is like that block.
    if (like !== undefined || (spaces === 'same' && vector !== undefined)) return given;
    if (filter?.spaces === undefined) return listed;
    // Rows of those spaces that carry texts may have vectors of this node's own as well.
    const home = spaces === 'same' ? [] : (this.parts.homeSpaces ?? []);
    const wanted = [...new Set([...filter.spaces, ...home])];
    return listed === undefined ? wanted : wanted.filter((space) => listed.includes(space));
  }

  /** Ways into spaces that have rows here and were not reached by an embedder or by who asks. */
  private async others(
    { spaces, filter }: SearchRequest,
    queries: ReadonlyMap<string, Float32Array>,
  ): Promise<Awaited<ReturnType<NonNullable<SearchParts['waysToAsk']>>>> {
    if (this.parts.waysToAsk === undefined || spaces === 'same') return [];
    const here = (await this.parts.catalogue.counts()).spaces.filter(
      ({ id, rows }) =>
        rows > 0 &&
        !queries.has(id) &&
        (typeof spaces !== 'object' || spaces.includes(id)) &&
        (filter?.spaces === undefined || filter.spaces.includes(id)),
    );
    return here.length === 0 ? [] : this.parts.waysToAsk(here.map(({ id }) => id));
  }

  /** The text in every space that has an embedder here. */
  private async embed(
    text: string,
    spaces: readonly string[] | undefined,
    needed: boolean,
    notes: string[],
    signal?: AbortSignal,
  ): Promise<[string, Float32Array, Way][]> {
    const all = await this.parts.embedders();
    const listed = all.filter(({ space }) => spaces === undefined || spaces.includes(spaceIdOf(space)));
    const asked = inItsLanguage(text, listed, notes);
    if (asked.length === 0) {
      const wanted = spaces ?? (await this.parts.catalogue.counts()).spaces.map(({ id }) => id);
      const described: SpaceDescriptor[] = [];
      for (const space of wanted) described.push(await this.describe(space));
      const detail = `blocks are in ${named(described)}; embedders here are for ${named(all.map(({ space }) => space))}`;
      if (needed) throw new CosmicError('search.no_embedder', detail);
      notes.push(`words only: ${detail}`);
      return [];
    }
    const failures: unknown[] = [];
    const embedded = await Promise.all(
      asked.map(async (embedder): Promise<[string, Float32Array, Way][]> => {
        try {
          const { asked } = await askWays([embedderAsker(embedder, this.texts)], { text, vectors: new Map() }, signal);
          return asked.map(({ space, vector, way }) => [space, vector, way]);
        } catch (error) {
          signal?.throwIfAborted();
          failures.push(error);
          notes.push(
            `not searched in ${spaceLabel(embedder.space)}: ${error instanceof Error ? error.message : String(error)}`,
          );
          return [];
        }
      }),
    );
    for (const { space } of asked) {
      const advice = languageAdvice(text, space);
      if (advice !== undefined) notes.push(advice);
    }
    if (needed && failures.length === asked.length) throw failures[0];
    return embedded.flat();
  }
}

/**
 * Without the models that do not know the text's language, where one of the others does: what they find is chance, and a
 * block would be judged by its author's vector in such a space rather than by the one computed here.
 */
function inItsLanguage(text: string, listed: readonly Embedder[], notes: string[]): readonly Embedder[] {
  if (!listed.some(({ space }) => speaksLanguage(text, space))) return listed;
  return listed.filter(({ space }) => {
    const language = foreignLanguage(text, space);
    if (language !== undefined) notes.push(`not searched in ${spaceLabel(space)}: this looks like ${language}`);
    return language === undefined;
  });
}

function isBlockId(text: string): boolean {
  if (!/^ba[a-z2-7]{40,80}$/.test(text)) return false;
  try {
    return parseCid(text).digest !== undefined;
  } catch {
    return false;
  }
}

function checkRequest(request: SearchRequest): void {
  checkTrusted(request);
  const { k, text, vector, like, minCosine, perAuthor, weights, spaces } = request;
  if (spaces !== undefined && spaces !== 'all' && spaces !== 'same' && !isListOfSpaces(spaces))
    throw new CosmicError('search.bad_query', 'spaces: all, same, or a list of 1 to 1,000 space ids');
  if (!Number.isSafeInteger(k) || k < 0)
    throw new CosmicError('search.bad_query', `k: a whole number from 0 on, got ${String(k)}`);
  if (text === undefined && vector === undefined && like === undefined)
    throw new CosmicError('search.bad_query', 'give text, vector or like');
  if (text !== undefined && text.trim() === '' && vector === undefined && like === undefined)
    throw new CosmicError('search.bad_query', 'text: it is empty');
  if (request.mode === 'words' && (text ?? '').trim() === '')
    throw new CosmicError('search.bad_query', 'mode words needs text');
  if (minCosine !== undefined && !Number.isFinite(minCosine))
    throw new CosmicError('search.bad_query', 'minCosine: not a number');
  if (perAuthor !== undefined && (!Number.isSafeInteger(perAuthor) || perAuthor < 1))
    throw new CosmicError('search.bad_query', 'perAuthor: a whole number from 1 on');
  for (const weight of [weights?.vectors, weights?.words])
    if (weight !== undefined && !(weight >= 0 && weight <= 1000))
      throw new CosmicError('search.bad_query', 'weights: numbers from 0 to 1000');
}

function isListOfSpaces(spaces: unknown): boolean {
  return (
    Array.isArray(spaces) &&
    spaces.length >= 1 &&
    spaces.length <= 1000 &&
    spaces.every((one) => typeof one === 'string')
  );
}

function readWords(text: string): Pick<Plan, 'words' | 'phrases'> {
  const { phrases, words } = readQuery(text);
  return words.length === 0 ? {} : { words: text, ...(phrases.length === 0 ? {} : { phrases: true as const }) };
}

/** Several queries of one space as one: the cosine to a sum of unit vectors is that of the mean cosine, but for a factor. */
function sumOf(vectors: readonly Float32Array[]): Float32Array {
  if (vectors.length === 1) return vectors[0]!;
  const sum = new Float32Array(vectors[0]!.length);
  for (const vector of vectors.map(toUnit)) for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!;
  return sum.every((x) => x === 0) ? vectors[0]! : sum;
}

/** Spaces that a refusal names: anybody can make thousands, with long names. */
const NAMED_MAX = 8;

function named(spaces: Iterable<SpaceDescriptor>): string {
  const all = [...spaces];
  const more = all.length > NAMED_MAX ? [`and ${all.length - NAMED_MAX} more`] : [];
  const labels = [...all.slice(0, NAMED_MAX).map(spaceLabel), ...more];
  return labels.length === 0 ? 'no space' : labels.join('; ');
}
