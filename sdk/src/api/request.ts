import { codes, CosmicError, type Code, type Problem } from '../errors.js';

export interface RequestHost {
  /** Base address without a slash at its end. */
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  /** Operator's token, for the routes that need one. */
  readonly token?: string | undefined;
  /** Waits between attempts when a node is busy; without it nothing is tried again. */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
  /** Milliseconds until a request without an answer counts as unreachable. */
  readonly timeoutMs: number;
  /** Attempts in all for a busy node. */
  readonly attemptsMax: number;
}

export interface Ask {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly accept?: string;
  readonly body?: { readonly type: string; readonly data: string | Uint8Array };
  readonly signal?: AbortSignal | undefined;
  /** Tag of the answer that is there already: asked whether it is still the one. */
  readonly known?: string;
  /** Statuses besides 2xx that are answers of their own, not failures. */
  readonly also?: readonly number[];
}

const LONGEST_WAIT_MS = 30_000;
/** Refusals of a moment: no room, or an answer that is being made. */
const SOON: ReadonlySet<Code> = new Set<Code>(['node.busy', 'view.building', 'view.busy']);

/**
 * One request, tried again a bounded number of times while the node says that it will soon, after the time it asks for.
 * @throws CosmicError node.unreachable, or the code of the problem object that the node answered
 */
export async function ask(host: RequestHost, path: string, request: Ask = {}): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const response = await send(host, path, request);
    if (response.ok || request.also?.includes(response.status) === true) return response;
    const error = await refusalOf(response, host.url);
    if (!SOON.has(error.code) || attempt >= host.attemptsMax || host.sleep === undefined) throw error;
    const seconds = Number(response.headers.get('retry-after'));
    await host.sleep(
      Math.min(LONGEST_WAIT_MS, Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 1000),
      request.signal,
    );
  }
}

async function send(host: RequestHost, path: string, request: Ask): Promise<Response> {
  const timeout = AbortSignal.timeout(host.timeoutMs);
  const headers: Record<string, string> = { accept: request.accept ?? 'application/json' };
  if (host.token !== undefined) headers['authorization'] = `Bearer ${host.token}`;
  if (request.body !== undefined) headers['content-type'] = request.body.type;
  if (request.known !== undefined) headers['if-none-match'] = request.known;
  try {
    return await host.fetch(host.url + path, {
      method: request.method ?? 'GET',
      headers,
      signal: request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]),
      ...(request.body === undefined ? {} : { body: request.body.data as BodyInit }),
    });
  } catch (cause) {
    if (request.signal?.aborted === true) throw cause;
    const reason = timeout.aborted ? `no answer within ${host.timeoutMs / 1000} s` : reasonOf(cause);
    throw new CosmicError('node.unreachable', `${host.url} (${reason})`, { cause });
  }
}

/** `fetch failed` says nothing; what lies behind it does. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message ?? String(error);
}

/** The JSON of an answer. @throws CosmicError node.unreachable where something else than a node answers */
export async function jsonOf<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new CosmicError('node.unreachable', `${response.url}: what answers there is no node (no JSON)`, { cause });
  }
}

/** The bytes of an answer. @throws CosmicError node.unreachable where the connection ends within it */
export async function bytesOf(response: Response, url: string, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new CosmicError('node.unreachable', `${url} (the answer broke off: ${reasonOf(cause)})`, { cause });
  }
}

export async function refusalOf(response: Response, url: string): Promise<CosmicError> {
  const text = await response.text().catch(() => '');
  try {
    const problem = JSON.parse(text) as Partial<Problem>;
    if (typeof problem.code === 'string' && Object.hasOwn(codes, problem.code))
      return new CosmicError(problem.code as Code, problem.detail ?? '');
    if (typeof problem.code === 'string')
      return new CosmicError('request.malformed', `${problem.code}: ${problem.detail ?? ''}`);
  } catch {
    // No problem object: whoever answers is no node.
  }
  return new CosmicError('node.unreachable', `${url}: what answers there is no node (HTTP ${response.status})`);
}
