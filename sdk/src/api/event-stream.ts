import { CosmicError, problemOf, type Code } from '../errors.js';
import type { ViewAnswer } from '../views/index.js';
import { reasonOf, refusalOf, type RequestHost } from './request.js';

/**
 * Answers of a question as the node sends them again (server-sent events, WHATWG HTML section 9.2).
 * @throws CosmicError what the node refuses with; node.unreachable when the connection ends
 */
export async function* watchAnswers(host: RequestHost, path: string, signal?: AbortSignal): AsyncGenerator<ViewAnswer> {
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (host.token !== undefined) headers['authorization'] = `Bearer ${host.token}`;
  try {
    const response = await host.fetch(host.url + path, { headers, ...(signal === undefined ? {} : { signal }) });
    if (!response.ok || response.body === null) throw await refusalOf(response, host.url);
    for await (const { event, data } of eventsOf(response.body)) {
      if (event === 'problem') throw problemIn(data);
      yield JSON.parse(data) as ViewAnswer;
    }
  } catch (error) {
    if (signal?.aborted === true) return;
    if (error instanceof CosmicError) throw error;
    throw new CosmicError('node.unreachable', `${host.url} (${reasonOf(error)})`, { cause: error });
  }
  if (signal?.aborted !== true) throw new CosmicError('node.unreachable', `${host.url} (the stream has ended)`);
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
