import { createMcpHandler } from '@modelcontextprotocol/server';
import { createServer, type ServerParts } from './server.js';

export interface McpHttp {
  /** Answers one request whose JSON body was read already; `parts`: what whoever asks may use. */
  answer(request: Request, body: unknown, parts: ServerParts): Promise<Response>;
  close(): Promise<void>;
}

export interface McpHttpOptions {
  readonly maxSubscriptions: number;
  readonly bodyMaxBytes: number;
  onError(error: Error): void;
}

/** Streamable HTTP without sessions: revision 2026-07-28, and those of 2025 one request at a time. */
export function createMcpHttp({ maxSubscriptions, bodyMaxBytes, onError }: McpHttpOptions): McpHttp {
  const handler = createMcpHandler(
    ({ authInfo, era }) => createServer(authInfo!.extra!['parts'] as ServerParts, { canSubscribe: era === 'modern' }),
    { maxSubscriptions, maxRequestBodySize: bodyMaxBytes, onerror: onError },
  );
  return {
    // Who asks was decided before; what they may use travels with the request.
    answer: (request, body, parts) =>
      handler.fetch(request, {
        parsedBody: body,
        authInfo: { token: '', clientId: '', scopes: [], extra: { parts } },
      }),
    close: () => handler.close(),
  };
}
