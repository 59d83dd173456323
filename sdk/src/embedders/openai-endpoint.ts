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
  | { readonly type: 'again'; readonly detail: string; readonly waitMs?: number; readonly tooSlow?: true }
  | { readonly type: 'refused'; readonly error: CosmicError; readonly divisible?: true };

/** The request may have been too much for the service, or one of its texts: fewer texts might be answered. */
export class TooMuch extends CosmicError {}

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

  /** @throws TooMuch when it holds several texts and is worth dividing; CosmicError embedder.unavailable, embedder.bad_answer; the signal's reason */
  async request(input: readonly string[], role: EmbedOptions['role'], signal?: AbortSignal): Promise<Reading> {
    const attempts = this.config.attempts ?? ATTEMPTS;
    let last = '';
    let slow = 0;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const timeoutMs = (this.config.timeoutMs ?? TIMEOUT_MS) * 2 ** slow;
      const outcome = await this.attempt(input, role, timeoutMs, signal);
      if (outcome.type === 'read') return outcome.reading;
      if (outcome.type === 'refused') {
        if (outcome.divisible === true && input.length > 1)
          throw new TooMuch(outcome.error.code, outcome.error.detail, { cause: outcome.error });
        throw outcome.error;
      }
      last = outcome.detail;
      if (outcome.tooSlow === true) {
        if (input.length > 1) throw new TooMuch('embedder.unavailable', `${this.url}: ${last}`);
        // The same time again would end the same way.
        slow++;
      }
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

  private async attempt(
    input: readonly string[],
    role: EmbedOptions['role'],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Outcome> {
    const { model, keyEnv, inputType } = this.config;
    const timeout = AbortSignal.timeout(timeoutMs);
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
      return timeout.aborted
        ? { type: 'again', detail: `no answer within ${timeoutMs} ms`, tooSlow: true }
        : { type: 'again', detail: messageOf(error) };
    }
    return response.ok ? this.read(body, input.length) : this.refusal(response, body);
  }

  private read(body: string, expected: number): Outcome {
    const bad = (detail: string) => ({
      type: 'refused' as const,
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
    if (!Array.isArray(data)) {
      // Some services and gateways report a failure with status 200.
      const { words, code } = faultOf(body);
      if (words === undefined) return bad(`expected ${expected} embeddings, got none`);
      return isPassing(code) ? { type: 'again', detail: words } : { ...bad(words), divisible: true };
    }
    if (data.length !== expected)
      return { ...bad(`expected ${expected} embeddings, got ${data.length}`), divisible: true };
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
    const said = faultOf(body).words ?? body.slice(0, WORDS_MAX).replace(/\s+/g, ' ');
    const detail = `HTTP ${status} ${said}`.trim();
    const { keyEnv } = this.config;
    const key =
      keyEnv === undefined ? 'no keyEnv is configured' : `the key is read from the environment variable ${keyEnv}`;
    if (status === 401 || status === 403)
      return { type: 'refused', error: new CosmicError('embedder.unavailable', `${this.url}: ${detail}; ${key}`) };
    const waitMs = retryAfterMs(headers);
    // Whoever names a pause wants to be asked again, whatever the status.
    if (isPassing(status) || waitMs !== undefined)
      return { type: 'again', detail, ...(waitMs === undefined ? {} : { waitMs }) };
    const error = new CosmicError('embedder.bad_answer', `${this.url}: ${detail}`);
    return { type: 'refused', error, ...(DIVISIBLE.includes(status) ? { divisible: true } : {}) };
  }
}

const WORDS_MAX = 300;
/** Bad request, content too large, unprocessable: what services say to too many or too long texts. */
const DIVISIBLE = [400, 413, 422];

function isPassing(code: unknown): boolean {
  const status = Number(code);
  return status === 408 || status === 429 || status >= 500 || code === 'rate_limit_exceeded';
}

/** The service's own words in an error object, `{"error": {"message", "code"}}`, `{"error": "…"}`, `{"message"}` or `{"detail"}`. */
function faultOf(body: string): { readonly words?: string; readonly code?: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return {};
  }
  const whole = (value ?? {}) as { error?: unknown; message?: unknown; detail?: unknown; code?: unknown };
  const inner = (typeof whole.error === 'object' && whole.error !== null ? whole.error : whole) as typeof whole & {
    type?: unknown;
  };
  const words = [inner.message, whole.error, whole.message, whole.detail].find((one) => typeof one === 'string');
  const said = words ?? (whole.error === undefined ? undefined : JSON.stringify(whole.error));
  if (said === undefined) return {};
  return { words: said.slice(0, WORDS_MAX).replace(/\s+/g, ' '), code: inner.code ?? whole.code ?? inner.type };
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
