import { CosmicError } from '../errors.js';
import type { Embedded, Embedder, EmbedOptions } from '../ports/index.js';
import type { SpaceDescriptor } from '../space/descriptor.js';
import { knownSpaces } from '../space/known.js';
import { toUnit } from '../space/vector.js';
import type { TransformersConfig } from './config.js';
import type { EmbedderHost } from './host.js';
import { loadTransformers, type Loaded, type Tensor } from './transformers-library.js';

const MAX_TOKENS = 256;
const CONCURRENCY = 2;

interface Row {
  readonly vector: Float32Array;
  /** Tokens of the whole text, those that were cut included. */
  readonly tokens: number;
}

/**
 * A model run in this process. The dtype is pinned (default q8); tokens beyond `maxTokens` (default 256) are cut and
 * reported. The space carries the sha-256 of the weights file; weights of specs/spaces have the space described there.
 *
 * Every text is run by itself: int8 builds quantise activations over a whole batch, so that in company a text's vector
 * would depend on its neighbours, and on one core a batch is hardly faster.
 * @throws CosmicError embedder.unavailable with what to install or where the model was looked for; config.malformed
 */
export async function createTransformersEmbedder(config: TransformersConfig, host: EmbedderHost): Promise<Embedder> {
  const dtype = config.dtype ?? 'q8';
  const loaded = await loadTransformers(config, dtype, host);
  const maxTokens = config.maxTokens ?? MAX_TOKENS;
  const positions = loaded.model.config?.max_position_embeddings;
  if (positions !== undefined && maxTokens > positions)
    throw new CosmicError(
      'config.malformed',
      `embedder: ${config.model} reads ${positions} tokens at most, maxTokens is ${maxTokens}`,
    );
  const known = knownModel(config.model, loaded.weights);
  const pooling = config.pooling ?? (known?.pooling === 'cls' ? 'cls' : 'mean');
  const run = (text: string): Promise<Row> => runOne(text, loaded, maxTokens, pooling);
  const space: SpaceDescriptor = {
    model: known?.model ?? config.model,
    revision: null,
    weights: loaded.weights,
    precision: dtype,
    dims: (await run('dimensions')).vector.length,
    metric: 'cosine',
    pooling,
    normalized: true,
    query_prefix: config.queryPrefix ?? known?.query_prefix ?? '',
    passage_prefix: config.passagePrefix ?? known?.passage_prefix ?? '',
    max_tokens: maxTokens,
    endpoint: null,
  };
  const floorOf = (prefix: string): number => tokensOf(prefix, loaded);
  return {
    space,
    embed: (texts, options) =>
      embedAll(texts, options, space, { run, floorOf, concurrency: config.concurrency ?? CONCURRENCY }),
  };
}

/** What specs/spaces says of these weights, or else of a model whose folder has this name. */
function knownModel(name: string, weights: string | null): SpaceDescriptor | undefined {
  const spaces = knownSpaces.map(({ space }) => space).filter((space) => space.endpoint === null);
  const folder = name.replace(/^.*[\\/]/, '').toLowerCase();
  return (
    spaces.find((space) => weights !== null && space.weights === weights) ??
    spaces.find((space) => space.model.replace(/^.*\//, '').toLowerCase() === folder)
  );
}

function tokensOf(text: string, { tokenizer }: Loaded): number {
  return tokenizer(text, { truncation: false }).input_ids.dims[1] ?? 0;
}

async function runOne(text: string, loaded: Loaded, maxTokens: number, pooling: 'mean' | 'cls'): Promise<Row> {
  const whole = loaded.tokenizer(text, { truncation: false });
  const tokens = whole.input_ids.dims[1] ?? 0;
  const read = tokens > maxTokens ? loaded.tokenizer(text, { truncation: true, max_length: maxTokens }) : whole;
  const state = (await loaded.model(read)).last_hidden_state;
  if (state === undefined)
    throw new CosmicError('embedder.bad_answer', 'the model has no last_hidden_state, so it is no text encoder');
  try {
    return { vector: toUnit(pool(state, pooling)), tokens };
  } catch (cause) {
    throw new CosmicError('embedder.bad_answer', 'the model answered a vector without direction', { cause });
  }
}

/** Sum over all tokens (its direction is the mean's), or the first token's row. Shape [1, tokens, dims]. */
function pool({ data, dims: [, length, dims] }: Tensor, pooling: 'mean' | 'cls'): Float32Array {
  const out = new Float32Array(dims!);
  const used = pooling === 'cls' ? 1 : length!;
  for (let token = 0; token < used; token++) for (let i = 0; i < dims!; i++) out[i]! += data[token * dims! + i]!;
  return out;
}

interface Runner {
  run(text: string): Promise<Row>;
  /** Tokens of the prefix alone, with those that the tokeniser adds to every text. */
  floorOf(prefix: string): number;
  readonly concurrency: number;
}

async function embedAll(
  texts: readonly string[],
  options: EmbedOptions,
  space: SpaceDescriptor,
  { run, floorOf, concurrency }: Runner,
): Promise<Embedded> {
  const prefix = (options.role === 'query' ? space.query_prefix : space.passage_prefix) ?? '';
  const maxTokens = space.max_tokens ?? Infinity;
  texts.forEach((text, i) => {
    if (text.trim() === '') throw new CosmicError('input.empty', `text ${i} is empty`);
  });
  const floor = floorOf(prefix);
  const rows = new Array<Row>(texts.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    try {
      while (next < texts.length) {
        options.signal?.throwIfAborted();
        const i = next++;
        const row = await run(prefix + texts[i]!);
        if (row.tokens <= floor) throw new CosmicError('input.empty', `text ${i} has no token that the model knows`);
        rows[i] = row;
      }
    } finally {
      // Also where this lane fails: the others need not go on.
      next = texts.length;
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, texts.length) }, lane));
  return {
    vectors: rows.map((row) => row.vector),
    tokens: rows.map((row) => Math.min(row.tokens, maxTokens)),
    truncated: rows.map((row) => row.tokens > maxTokens),
  };
}
