import type { JSONRPCMessage, McpServer, Transport } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { createServer, type ServerParts } from '../server.js';
import { listenedTo, Subscriptions } from '../subscriptions.js';

export * from '../index.js';

/** Serves the tools on standard input and output until the client closes them; both generations of the protocol. */
export function serveMcp(parts: ServerParts): Promise<void> {
  let server: McpServer | undefined;
  const subscriptions = new Subscriptions(
    parts.resources.reader,
    (uri) => void server?.server.sendResourceUpdated({ uri }).catch(() => undefined),
  );
  /** How each subscription ends: by the request that began it, or by the address where a client of 2025 subscribed. */
  const endings = new Map<unknown, () => void>();
  const end = (key: unknown): void => {
    endings.get(key)?.();
    endings.delete(key);
  };
  const see = (message: JSONRPCMessage): void => {
    if (!('method' in message)) return;
    const { method, params } = message as { method: string; params?: Record<string, unknown> };
    if (method === 'notifications/cancelled') end(params?.['requestId']);
    else if (method === 'resources/unsubscribe') end(params?.['uri']);
    else if (method === 'resources/subscribe' || method === 'subscriptions/listen') {
      const uris = listenedTo(message);
      const key = method === 'resources/subscribe' ? params?.['uri'] : (message as { id?: unknown }).id;
      end(key);
      if (uris.length > 0) endings.set(key, subscriptions.open(uris));
    }
  };
  return new Promise((resolve) => {
    const handle = serveStdio(
      ({ era }) => {
        server = createServer(parts, { canSubscribe: true });
        if (era === 'legacy')
          for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const)
            server.server.setRequestHandler(method, () => ({}));
        return server;
      },
      {
        transport: observed(new StdioServerTransport(), see),
        onerror: (error) => process.stderr.write(`${error.message}\n`),
      },
    );
    const close = (): void => {
      subscriptions.close();
      void handle.close().finally(resolve);
    };
    process.stdin.once('close', close);
    process.stdin.once('end', close);
  });
}

/** The library serves subscriptions by itself and tells nobody to what: so what comes in is looked at on its way. */
function observed(inner: Transport, see: (message: JSONRPCMessage) => void): Transport {
  return {
    start: () => inner.start(),
    send: (message, options) => inner.send(message, options),
    close: () => inner.close(),
    set onmessage(take: NonNullable<Transport['onmessage']>) {
      inner.onmessage = (message, extra) => {
        see(message);
        take(message, extra);
      };
    },
    set onclose(closed: () => void) {
      inner.onclose = closed;
    },
    set onerror(failed: (error: Error) => void) {
      inner.onerror = failed;
    },
  };
}
