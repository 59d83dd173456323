import { CosmicError } from '../errors.js';
import type { EmbedOptions } from '../ports/index.js';
import type { OpenAiConfig } from './config.js';
import type { EmbedderHost } from './host.js';

const TIMEOUT_MS = 60_000;
const ATTEMPTS = 5;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 20_000;
/** Whoever asks for a longer pause gets an error at once: the caller keeps the work pending. */
const RETRY_AFTER_MAX_MS = 120_000;

interface Answer {
  readonly data?: readonly { readonly index?: number; readonly embedding?: readonly number[] }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly total_tokens?: number };
}

/** One vector for each text, in order, of finite numbers. */
export interface Reading {
  readonly vectors: readonly (readonly number[])[];
  /** Charged for the request; undefined where the service does not say. */
  readonly tokens: number | undefined;
}

type Outcome =
  | { readonly type: 'read'; readonly reading: Reading }
  | { readonly type: 'again'; readonly detail: string; readonly waitMs?: number }
  | { readonly type: 'refused'; readonly error: CosmicError };

/** One `/embeddings` endpoint with retries, back-off and a timeout for each attempt. */
export class Endpoint {
  /** Without slashes at its end. */
  readonly base: string;
  private readonly url: string;

  constructor(
    private readonly config: OpenAiConfig,
    private readonly host: EmbedderHost,
  ) {
    this.base = config.url.replace(/\/+$/, '');
    this.url = `${this.base}/embeddings`;
  }

  /** @throws CosmicError embedder.unavailable, embedder.bad_answer; the signal's reason */
  async request(input: readonly string[], role: EmbedOptions['role'], signal?: AbortSignal): Promise<Reading> {
    const attempts = this.config.attempts ?? ATTEMPTS;
    let last = '';
    for (let attempt = 0; attempt < attempts; attempt++) {
      const outcome = await this.attempt(input, role, signal);
      if (outcome.type === 'read') return outcome.reading;
      if (outcome.type === 'refused') throw outcome.error;
      last = outcome.detail;
      if ((outcome.waitMs ?? 0) > RETRY_AFTER_MAX_MS)
        throw new CosmicError(
          'embedder.unavailable',
          `${this.url}: ${last}; it asks for a pause of ${Math.ceil(outcome.waitMs! / 1000)} s`,
        );
      if (attempt + 1 < attempts) await this.host.sleep(outcome.waitMs ?? this.backoffMs(attempt), signal);
    }
    throw new CosmicError('embedder.unavailable', `${this.url}: ${last} (${attempts} attempts)`);
  }

  private backoffMs(attempt: number): number {
    return Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** attempt) * (0.5 + this.host.random() / 2);
  }

  private async attempt(input: readonly string[], role: EmbedOptions['role'], signal?: AbortSignal): Promise<Outcome> {
    const { model, keyEnv, inputType, timeoutMs } = this.config;
    const timeout = AbortSignal.timeout(timeoutMs ?? TIMEOUT_MS);
    const key = keyEnv === undefined ? undefined : this.host.env(keyEnv);
    let response: Response;
    let body: string;
    try {
      response = await this.host.fetch(this.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({
          model,
          input,
          encoding_format: 'float',
          ...(inputType === true ? { input_type: role } : {}),
        }),
        // A redirected request would carry the texts, and vectors of nobody knows whom, past the endpoint that the space names.
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      body = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      return {
        type: 'again',
        detail: timeout.aborted ? `no answer within ${timeoutMs ?? TIMEOUT_MS} ms` : messageOf(error),
      };
    }
    return response.ok ? this.read(body, input.length) : this.refusal(response, body);
  }

  private read(body: string, expected: number): Outcome {
    const bad = (detail: string): Outcome => ({
      type: 'refused',
      error: new CosmicError('embedder.bad_answer', `${this.url}: ${detail}`),
    });
    let answer: Answer | null;
    try {
      answer = JSON.parse(body) as Answer | null;
    } catch {
      // A whole answer that is no JSON (some write NaN) will be the same next time; half of one will not.
      return body.trimEnd().endsWith('}')
        ? bad('the answer is no JSON')
        : { type: 'again', detail: `the answer ends after ${body.length} characters` };
    }
    const data = answer?.data;
    if (!Array.isArray(data) || data.length !== expected)
      return bad(`expected ${expected} embeddings, got ${Array.isArray(data) ? data.length : 'none'}`);
    const vectors = new Array<readonly number[] | undefined>(expected).fill(undefined);
    for (const [position, item] of (data as NonNullable<Answer['data']>).entries()) {
      const index = item?.index ?? position;
      const embedding: unknown = item?.embedding;
      if (!Array.isArray(embedding) || !embedding.every(Number.isFinite))
        return bad(`embedding ${index} is no list of finite numbers`);
      if (!Number.isInteger(index) || index < 0 || index >= expected || vectors[index] !== undefined)
        return bad(`embedding index ${index} repeats or is out of range`);
      vectors[index] = embedding as number[];
    }
    const tokens = answer?.usage?.total_tokens ?? answer?.usage?.prompt_tokens;
    return {
      type: 'read',
      reading: {
        vectors: vectors as (readonly number[])[],
        tokens: Number.isSafeInteger(tokens) && tokens! >= 0 ? tokens : undefined,
      },
    };
  }

  private refusal({ status, headers }: Response, body: string): Outcome {
    const detail = `HTTP ${status} ${body.slice(0, 200).replace(/\s+/g, ' ')}`;
    if (status === 429 || status === 408 || status >= 500) {
      const waitMs = retryAfterMs(headers);
      return { type: 'again', detail, ...(waitMs === undefined ? {} : { waitMs }) };
    }
    const { keyEnv } = this.config;
    const key =
      keyEnv === undefined ? 'no keyEnv is configured' : `the key is read from the environment variable ${keyEnv}`;
    if (status === 401 || status === 403)
      return { type: 'refused', error: new CosmicError('embedder.unavailable', `${this.url}: ${detail}; ${key}`) };
    return { type: 'refused', error: new CosmicError('embedder.bad_answer', `${this.url}: ${detail}`) };
  }
}

/** RFC 9110, 10.2.3: seconds, or a date, which is read by the answer's own clock. */
function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.parse(headers.get('date') ?? '');
  return ms > 0 ? ms : undefined;
}

function messageOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string; message?: string } | undefined) : undefined;
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}
