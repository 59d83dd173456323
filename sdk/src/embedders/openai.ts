import { CosmicError } from '../errors.js';
import type { Embedded, Embedder, EmbedOptions } from '../ports/index.js';
import { toUnit } from '../space/vector.js';
import { checkSpace } from '../space/canaries.js';
import { spaceNamed, type SpaceDescriptor } from '../space/descriptor.js';
import { knownSpace, serviceSpace } from '../space/known.js';
import { canariesOfKnown } from './canaries.js';
import type { OpenAiConfig } from './config.js';
import type { EmbedderHost } from './host.js';
import { Endpoint, TooMuch, type Reading } from './openai-endpoint.js';

const BATCH = 64;
const CONCURRENCY = 2;
/** A text of fewer characters for each token of the limit is taken to be within it. Real tokenisers read one to five. */
const CHARACTERS_PER_TOKEN = 2;

/**
 * Any OpenAI-compatible endpoint. An endpoint whose weights nobody knows has a space that names endpoint and model.
 * The number of dimensions is asked of the endpoint once unless the configuration states it.
 * @throws CosmicError embedder.unavailable, embedder.bad_answer; config.malformed, space.canary_failed for a claimed space
 */
export async function createOpenAiEmbedder(config: OpenAiConfig, host: EmbedderHost): Promise<Embedder> {
  const endpoint = new Endpoint(config, host);
  if (config.space !== undefined) return provenEmbedder(config, config.space, endpoint);
  const known = serviceSpace(endpoint.base, config.model);
  if (known !== undefined && saysNothingElse(config, known)) return embedderOf(known, config, endpoint);
  const dims = config.dims ?? (await endpoint.request(['dimensions'], 'passage')).vectors[0]!.length;
  const space = spaceNamed(config.model, dims, {
    normalized: true,
    query_prefix: config.inputType === true ? null : (config.queryPrefix ?? ''),
    passage_prefix: config.inputType === true ? null : (config.passagePrefix ?? ''),
    max_tokens: config.maxTokens ?? null,
    endpoint: endpoint.base,
  });
  return embedderOf(space, config, endpoint);
}

/** What `chargedTokens` cost, in the currency of the configured price; undefined where there is no price. */
export function costOf(config: OpenAiConfig, chargedTokens: number): number | undefined {
  return config.pricePerMillionTokens === undefined ? undefined : (chargedTokens * config.pricePerMillionTokens) / 1e6;
}

function saysNothingElse(config: OpenAiConfig, known: SpaceDescriptor): boolean {
  const { queryPrefix, passagePrefix, maxTokens, inputType } = config;
  return (
    (config.dims ?? known.dims) === known.dims && (queryPrefix ?? passagePrefix ?? maxTokens ?? inputType) === undefined
  );
}

function embedderOf(space: SpaceDescriptor, config: OpenAiConfig, endpoint: Endpoint): Embedder {
  return { space, embed: (texts, options) => embedAll(texts, options, space, config, endpoint) };
}

/** An endpoint that claims a known space gets it by reproducing the space's canaries, and not otherwise. */
async function provenEmbedder(config: OpenAiConfig, name: string, endpoint: Endpoint): Promise<Embedder> {
  const known = knownSpace(name);
  if (known === undefined)
    throw new CosmicError('config.malformed', `embedder.space: ${name} is no descriptor of specs/spaces`);
  const canaries = canariesOfKnown(name);
  if (canaries === undefined)
    throw new CosmicError(
      'space.canary_failed',
      `${name} has no canaries, so nothing shows that ${config.url} computes it; leave out embedder.space`,
    );
  const embedder = embedderOf(known.space, config, endpoint);
  const proof = await checkSpace(embedder, canaries);
  if (proof.status === 'rejected')
    throw new CosmicError(proof.code, `${config.model} at ${config.url} as ${name}: ${proof.detail}`);
  return embedder;
}

/** All the vectors or an error: when one request fails for good, the others under way are stopped. */
async function embedAll(
  texts: readonly string[],
  { role, signal }: EmbedOptions,
  space: SpaceDescriptor,
  config: OpenAiConfig,
  endpoint: Endpoint,
): Promise<Embedded> {
  texts.forEach((text, i) => {
    if (text.trim() === '') throw new CosmicError('input.empty', `text ${i} is empty`);
  });
  const prefix =
    config.inputType === true ? '' : ((role === 'query' ? space.query_prefix : space.passage_prefix) ?? '');
  let size = config.batch ?? BATCH;
  const batches = batchesOf(texts, size, config.maxTokens);
  const vectors = new Array<Float32Array>(texts.length);
  const tokens = new Array<number | null>(texts.length).fill(null);
  let charged: number | undefined;
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const work = async (): Promise<void> => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      if (batch.length > size) batches.unshift(...chunks(batch, size));
      else await ask(batch);
    }
  };
  /** In halves where the service refuses the whole; when it takes both, it takes no more than that at a time. */
  const ask = async (batch: readonly number[]): Promise<void> => {
    let answer: Reading;
    try {
      answer = await endpoint.request(
        batch.map((i) => prefix + texts[i]!),
        role,
        stop,
      );
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      const half = Math.ceil(batch.length / 2);
      for (const part of chunks(batch, half)) await ask(part);
      size = Math.min(size, half);
      return;
    }
    batch.forEach((i, at) => (vectors[i] = unitOf(answer.vectors[at]!, space)));
    if (batch.length === 1) tokens[batch[0]!] = answer.tokens ?? null;
    if (answer.tokens !== undefined) charged = (charged ?? 0) + answer.tokens;
  };
  const lanes = Array.from({ length: Math.min(config.concurrency ?? CONCURRENCY, batches.length) }, async () => {
    try {
      await work();
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  const outcomes = await Promise.allSettled(lanes);
  signal?.throwIfAborted();
  if (outcomes.some(({ status }) => status === 'rejected')) throw failed.signal.reason;
  const limit = config.maxTokens ?? Infinity;
  return {
    vectors,
    truncated: tokens.map((count) => count !== null && count >= limit),
    tokens,
    ...(charged === undefined ? {} : { chargedTokens: charged }),
  };
}

/** Indices of the texts of each request. Texts that may exceed the limit go alone: a service counts tokens by request only. */
function batchesOf(texts: readonly string[], size: number, maxTokens = Infinity): number[][] {
  const batches: number[][] = [];
  let open: number[] = [];
  for (const [i, text] of texts.entries()) {
    if (text.length > maxTokens * CHARACTERS_PER_TOKEN) {
      batches.push([i]);
      continue;
    }
    if (open.length === 0) batches.push(open);
    open.push(i);
    if (open.length === size) open = [];
  }
  return batches;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function unitOf(vector: readonly number[], space: SpaceDescriptor): Float32Array {
  if (vector.length !== space.dims)
    throw new CosmicError(
      'embedder.bad_answer',
      `${space.model} answered ${vector.length} dims, its space has ${space.dims}`,
    );
  try {
    return toUnit(Float32Array.from(vector));
  } catch (cause) {
    throw new CosmicError('embedder.bad_answer', `${space.model} answered a vector without direction`, { cause });
  }
}
