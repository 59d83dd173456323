import { CosmicError } from '../errors.js';
import type { Embedded, Embedder, EmbedOptions } from '../ports/index.js';
import { toUnit } from '../space/vector.js';
import { checkSpace } from '../space/canaries.js';
import type { SpaceDescriptor } from '../space/descriptor.js';
import { knownSpace, serviceSpace } from '../space/known.js';
import { canariesOfKnown } from './canaries.js';
import type { OpenAiConfig } from './config.js';
import type { EmbedderHost } from './host.js';

const BATCH = 64;
const CONCURRENCY = 2;
const TIMEOUT_MS = 60_000;
const ATTEMPTS = 5;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 20_000;

interface Answer {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly total_tokens?: number };
}

/**
 * Any OpenAI-compatible endpoint. An endpoint whose weights nobody knows has a space that names endpoint and model.
 * The number of dimensions is asked of the endpoint once unless the configuration states it.
 * @throws CosmicError embedder.unavailable, embedder.bad_answer
 */
export async function createOpenAiEmbedder(config: OpenAiConfig, host: EmbedderHost): Promise<Embedder> {
  const endpoint = new Endpoint(config, host);
  if (config.space !== undefined) return provenEmbedder(config, config.space, endpoint);
  const known = serviceSpace(config.url.replace(/\/+$/, ''), config.model);
  if (known !== undefined && (config.dims ?? known.dims) === known.dims && config.queryPrefix === undefined && config.passagePrefix === undefined && config.maxTokens === undefined)
    return embedderOf(known, config, endpoint);
  const dims = config.dims ?? (await endpoint.request(['dimensions']))!.vectors[0]!.length;
  const space: SpaceDescriptor = {
    model: config.model,
    revision: null,
    weights: null,
    precision: null,
    dims,
    metric: 'cosine',
    pooling: null,
    normalized: true,
    query_prefix: config.queryPrefix ?? '',
    passage_prefix: config.passagePrefix ?? '',
    max_tokens: config.maxTokens ?? null,
    endpoint: config.url.replace(/\/+$/, ''),
  };
  return embedderOf(space, config, endpoint);
}

function embedderOf(space: SpaceDescriptor, config: OpenAiConfig, endpoint: Endpoint): Embedder {
  return { space, embed: (texts, options) => embedAll(texts, options, space, config, endpoint) };
}

/** An endpoint that claims a known space gets it by reproducing the space's canaries, and not otherwise. */
async function provenEmbedder(config: OpenAiConfig, name: string, endpoint: Endpoint): Promise<Embedder> {
  const known = knownSpace(name);
  if (known === undefined) throw new CosmicError('config.malformed', `embedder.space: ${name} is no descriptor of specs/spaces`);
  const canaries = canariesOfKnown(name);
  if (canaries === undefined) throw new CosmicError('space.canary_failed', `${name} has no canaries, so nothing shows that ${config.url} computes it; leave out embedder.space`);
  const embedder = embedderOf(known.space, config, endpoint);
  const proof = await checkSpace(embedder, canaries);
  if (proof.status === 'rejected') throw new CosmicError(proof.code, `${config.model} at ${config.url} as ${name}: ${proof.detail}`);
  return embedder;
}

async function embedAll(texts: readonly string[], options: EmbedOptions, space: SpaceDescriptor, config: OpenAiConfig, endpoint: Endpoint): Promise<Embedded> {
  texts.forEach((text, i) => {
    if (text.trim() === '') throw new CosmicError('input.empty', `text ${i} is empty`);
  });
  const prefix = (options.role === 'query' ? space.query_prefix : space.passage_prefix) ?? '';
  const size = config.batch ?? BATCH;
  const starts = Array.from({ length: Math.ceil(texts.length / size) }, (_, i) => i * size);
  const vectors: Float32Array[] = new Array<Float32Array>(texts.length);
  let charged = 0;
  const work = async (): Promise<void> => {
    for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
      const answer = await endpoint.request(texts.slice(start, start + size).map((text) => prefix + text), options.signal);
      answer.vectors.forEach((vector, i) => (vectors[start! + i] = unitOf(vector, space)));
      charged += answer.tokens;
    }
  };
  await Promise.all(Array.from({ length: Math.min(config.concurrency ?? CONCURRENCY, starts.length) }, work));
  return { vectors, truncated: texts.map(() => false), tokens: texts.map(() => null), chargedTokens: charged };
}

function unitOf(vector: readonly number[], space: SpaceDescriptor): Float32Array {
  if (vector.length !== space.dims) throw new CosmicError('embedder.bad_answer', `${space.model} answered ${vector.length} dims, its space has ${space.dims}`);
  try {
    return toUnit(Float32Array.from(vector));
  } catch (cause) {
    throw new CosmicError('embedder.bad_answer', `${space.model} answered a vector without direction`, { cause });
  }
}

/** One HTTP endpoint with retries, back-off and a timeout for each attempt. */
class Endpoint {
  private readonly url: string;

  constructor(
    private readonly config: OpenAiConfig,
    private readonly host: EmbedderHost,
  ) {
    this.url = `${config.url.replace(/\/+$/, '')}/embeddings`;
  }

  async request(input: readonly string[], signal?: AbortSignal): Promise<{ vectors: (readonly number[])[]; tokens: number }> {
    let last = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const outcome = await this.attempt(input, signal);
      if (outcome.ok) return outcome;
      last = outcome.detail;
      if (!outcome.retry) throw new CosmicError('embedder.bad_answer', last);
      if (attempt + 1 < ATTEMPTS) await this.host.sleep(outcome.waitMs ?? this.backoffMs(attempt), signal);
    }
    throw new CosmicError('embedder.unavailable', `${this.url}: ${last} (${ATTEMPTS} attempts)`);
  }

  private backoffMs(attempt: number): number {
    return Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** attempt) * (0.5 + this.host.random() / 2);
  }

  private async attempt(
    input: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ ok: true; vectors: (readonly number[])[]; tokens: number } | { ok: false; retry: boolean; detail: string; waitMs?: number }> {
    const timeout = AbortSignal.timeout(this.config.timeoutMs ?? TIMEOUT_MS);
    const key = this.config.keyEnv === undefined ? undefined : this.host.env(this.config.keyEnv);
    try {
      const response = await this.host.fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
        body: JSON.stringify({ model: this.config.model, input, encoding_format: 'float' }),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      if (!response.ok) return refusalOf(response, await response.text());
      return this.read((await response.json()) as Answer, input.length);
    } catch (error) {
      signal?.throwIfAborted();
      return { ok: false, retry: true, detail: timeout.aborted ? 'no answer in time' : messageOf(error) };
    }
  }

  private read(answer: Answer, expected: number): { ok: true; vectors: (readonly number[])[]; tokens: number } | { ok: false; retry: false; detail: string } {
    const bad = (detail: string) => ({ ok: false, retry: false, detail: `${this.url}: ${detail}` }) as const;
    if (!Array.isArray(answer?.data) || answer.data.length !== expected) return bad(`expected ${expected} embeddings, got ${answer?.data?.length ?? 'none'}`);
    const vectors: (readonly number[])[] = new Array(expected);
    for (const [position, item] of answer.data.entries()) {
      const index = item.index ?? position;
      if (!Array.isArray(item.embedding) || !item.embedding.every((x: unknown) => Number.isFinite(x))) return bad(`embedding ${index} is no list of finite numbers`);
      if (vectors[index] !== undefined || index >= expected) return bad(`embedding index ${index} repeats or is out of range`);
      vectors[index] = item.embedding;
    }
    return { ok: true, vectors, tokens: answer.usage?.total_tokens ?? answer.usage?.prompt_tokens ?? 0 };
  }
}

function refusalOf(response: Response, body: string): { ok: false; retry: boolean; detail: string; waitMs?: number } {
  const retry = response.status === 429 || response.status === 408 || response.status >= 500;
  const seconds = Number(response.headers.get('retry-after'));
  return {
    ok: false,
    retry,
    detail: `HTTP ${response.status} ${body.slice(0, 200).replace(/\s+/g, ' ')}`,
    ...(seconds > 0 && seconds < 120 ? { waitMs: seconds * 1000 } : {}),
  };
}

function messageOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string; message?: string } | undefined) : undefined;
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}
