import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createServer, type ServerParts } from '../server.js';

export * from '../index.js';

/** Serves the tools on standard input and output until the client closes them; both generations of the protocol. */
export function serveMcp(parts: ServerParts): Promise<void> {
  return new Promise((resolve) => {
    const handle = serveStdio(() => createServer(parts, { canSubscribe: false }), {
      onerror: (error) => process.stderr.write(`${error.message}\n`),
    });
    process.stdin.once('close', () => void handle.close().finally(resolve));
    process.stdin.once('end', () => void handle.close().finally(resolve));
  });
}
