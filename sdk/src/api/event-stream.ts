import { CosmicError, problemOf, type Code } from '../errors.js';
import type { WatchEvent, WatchRequest } from '../ports/index.js';
import type { ViewAnswer } from '../views/index.js';
import { reasonOf, refusalOf, type RequestHost } from './request.js';
import { splitCursor, type Route } from './route.js';

/**
 * Answers of a question as the node sends them again (server-sent events, WHATWG HTML section 9.2).
 * @throws CosmicError what the node refuses with; node.unreachable when the connection ends
 */
export async function* watchAnswers(route: Route, path: string, signal?: AbortSignal): AsyncGenerator<ViewAnswer> {
  for (let tried = 0; ; tried++) {
    const { host, others, failed, went } = route.stream();
    let opened = false;
    try {
      for await (const answer of events<ViewAnswer>(host, path, {}, signal)) {
        if (!opened) went();
        opened = true;
        yield answer;
      }
      if (signal?.aborted === true) return;
      throw new CosmicError('node.unreachable', `${host.url} (the stream has ended)`);
    } catch (error) {
      failed(error);
      if (opened || tried >= others || !isBroken(error)) throw error;
    }
  }
}

const AGAIN_FIRST_MS = 500;
/** Refusals that pass, once it has begun. */
const BROKEN: ReadonlySet<Code> = new Set<Code>(['node.unreachable', 'node.busy', 'node.stopping']);
const AGAIN_MOST_MS = 30_000;
const isBroken = (error: unknown): boolean => error instanceof CosmicError && BROKEN.has(error.code);

/**
 * Events of a question that stands. A connection that breaks is made again and goes on behind the last event, as long as
 * `host.sleep` is there to wait with; of several nodes at another where its own is gone, which then says `gap`.
 * @throws CosmicError what the node refuses with; node.unreachable before the first event
 */
export async function* watchNear(
  route: Route,
  { after, ...request }: WatchRequest,
  signal?: AbortSignal,
): AsyncGenerator<WatchEvent> {
  let { cursor, at } = splitCursor(after);
  let restMs = AGAIN_FIRST_MS;
  let opened = false;
  let tried = 0;
  const isOver = (): boolean => signal?.aborted === true;
  while (!isOver()) {
    const { host, others, failed, went } = route.stream(at);
    const body = JSON.stringify({ ...plainNear(request), ...(cursor === undefined ? {} : { after: cursor }) });
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    try {
      for await (const event of events<WatchEvent>(host, '/v2/watch', init, signal)) {
        cursor = event.cursor;
        at = host.url;
        restMs = AGAIN_FIRST_MS;
        tried = 0;
        went();
        if (event.type !== 'opened' || !opened)
          yield others === 0 ? event : { ...event, cursor: `${cursor}@${host.url}` };
        opened = true;
      }
      failed(new CosmicError('node.unreachable', `${host.url} (the stream has ended)`));
    } catch (error) {
      failed(error);
      if (!isBroken(error)) throw error;
      if (tried++ < others) continue;
      if (!opened || host.sleep === undefined) throw error;
    }
    if (isOver()) return;
    if (host.sleep === undefined) throw new CosmicError('node.unreachable', `${host.url} (the stream has ended)`);
    await host.sleep(restMs, signal).catch(() => undefined);
    restMs = Math.min(AGAIN_MOST_MS, 2 * restMs);
  }
}

/** A Float32Array would become an object of indices in JSON. */
function plainNear({ near, ...rest }: WatchRequest): object {
  if (near?.vector === undefined) return { ...rest, ...(near === undefined ? {} : { near }) };
  return { ...rest, near: { ...near, vector: { ...near.vector, values: Array.from(near.vector.values) } } };
}

async function* events<T>(
  host: RequestHost,
  path: string,
  { headers: more, ...init }: Pick<RequestInit, 'method' | 'body'> & { readonly headers?: Record<string, string> },
  signal?: AbortSignal,
): AsyncGenerator<T> {
  const headers: Record<string, string> = { accept: 'text/event-stream', ...more };
  if (host.token !== undefined) headers['authorization'] = `Bearer ${host.token}`;
  try {
    const response = await host.fetch(host.url + path, {
      ...init,
      headers,
      ...(signal === undefined ? {} : { signal }),
    });
    if (!response.ok || response.body === null) throw await refusalOf(response, host.url);
    for await (const { event, data } of eventsOf(response.body)) {
      if (event === 'problem') throw problemIn(data);
      yield JSON.parse(data) as T;
    }
  } catch (error) {
    if (signal?.aborted === true) return;
    if (error instanceof CosmicError) throw error;
    throw new CosmicError('node.unreachable', `${host.url} (${reasonOf(error)})`, { cause: error });
  }
}

function problemIn(data: string): CosmicError {
  const { code, detail } = JSON.parse(data) as ReturnType<typeof problemOf>;
  return new CosmicError(code as Code, detail);
}

/** Events of one data line each, as a node writes them; comments are passed over. */
async function* eventsOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ readonly event: string; readonly data: string }> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string): string | undefined =>
          lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = field('data');
        if (data !== undefined) yield { event: field('event') ?? 'message', data };
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
