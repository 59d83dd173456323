import { createMcpHandler } from '@modelcontextprotocol/server';
import type { Reader } from '../agent/types.js';
import { createServer, type ServerParts } from './server.js';
import { listenedTo, Subscriptions } from './subscriptions.js';

export interface McpHttp {
  /** Answers one request whose JSON body was read already; `parts`: what whoever asks may use. */
  answer(request: Request, body: unknown, parts: ServerParts): Promise<Response>;
  close(): Promise<void>;
}

export interface McpHttpOptions {
  readonly maxSubscriptions: number;
  readonly bodyMaxBytes: number;
  /** Behind the resources that are subscribed to. */
  readonly reader: Pick<Reader, 'watch'>;
  onError(error: Error): void;
}

/** Streamable HTTP without sessions: revision 2026-07-28, and those of 2025 one request at a time. */
export function createMcpHttp({ maxSubscriptions, bodyMaxBytes, reader, onError }: McpHttpOptions): McpHttp {
  const handler = createMcpHandler(
    ({ authInfo, era }) => createServer(authInfo!.extra!['parts'] as ServerParts, { canSubscribe: era === 'modern' }),
    { maxSubscriptions, maxRequestBodySize: bodyMaxBytes, onerror: onError },
  );
  const subscriptions = new Subscriptions(reader, (uri) => handler.notify.resourceUpdated(uri));
  return {
    // Who asks was decided before; what they may use travels with the request.
    answer: async (request, body, parts) => {
      const uris = isListening(body) ? listenedTo(body) : [];
      const response = await handler.fetch(request, {
        parsedBody: body,
        authInfo: { token: '', clientId: '', scopes: [], extra: { parts } },
      });
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
      if (uris.length > 0 && isStream && !request.signal.aborted)
        request.signal.addEventListener('abort', subscriptions.open(uris), { once: true });
      return response;
    },
    close: async () => {
      subscriptions.close();
      await handler.close();
    },
  };
}

/** Does the request stay open, to be told of changes? */
export function isListening(body: unknown): boolean {
  return (body as { method?: unknown } | null)?.method === 'subscriptions/listen';
}
