import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { CosmicError } from '@cosmicembeddings/sdk';
import { readSettings, type SettingSchema } from '../../json-schema.js';
import { safeHeaders } from '../../safe-headers.js';
import { selfSigned, type Certified } from './certificate.js';

/** A port for peers alone, with TLS of the node's own. */
export interface PeerTls {
  readonly port: number;
  /** PEM files; without them the node signs a certificate for its own key. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** The setting `peerTls`. */
export const peerTlsSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'a port for peers alone, by `wss:` without a proxy',
  required: ['port'],
  properties: {
    port: { type: 'integer', minimum: 0, maximum: 65_535, description: '0 lets the system choose' },
    certFile: {
      type: 'string',
      description: 'PEM file of the certificate and what vouches for it; without it the node signs one for its own key',
    },
    keyFile: { type: 'string', description: 'PEM file of its private key' },
  },
};

/** @throws CosmicError config.malformed */
export function peerTlsOf(value: unknown): PeerTls | undefined {
  if (value === undefined) return undefined;
  const rules = readSettings<PeerTls>(peerTlsSchema, value, 'peerTls');
  if ((rules.certFile === undefined) !== (rules.keyFile === undefined))
    throw new CosmicError('config.malformed', 'peerTls: give certFile and keyFile, or neither');
  return rules;
}

const HANDSHAKE_MS = 10_000;

/**
 * Listens for peers with TLS 1.3. It answers nothing but their upgrade. `keepRoom`: holds the server to so many connections without
 * refusing the next, as the node's other port is; else the next is refused. @throws CosmicError config.malformed; system errors of
 * listening
 */
export async function listenForPeers(
  { port, certFile, keyFile }: PeerTls,
  host: string,
  seed: Uint8Array,
  connectionsMax: number,
  keepRoom?: (server: Server, max: number) => unknown,
): Promise<{ readonly server: Server; readonly port: number; close(): Promise<void> }> {
  const certified: Certified =
    certFile === undefined || keyFile === undefined
      ? selfSigned(seed)
      : { cert: fileText('certFile', certFile), key: fileText('keyFile', keyFile) };
  const server = serverOf(certified);
  // Whoever does not become a peer soon is let go.
  server.setTimeout(HANDSHAKE_MS);
  if (keepRoom === undefined) server.maxConnections = connectionsMax;
  else keepRoom(server, connectionsMax);
  server.on('tlsClientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address();
  return {
    server,
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function serverOf(certified: Certified): Server {
  const limits = { headersTimeout: HANDSHAKE_MS, requestTimeout: HANDSHAKE_MS, handshakeTimeout: HANDSHAKE_MS };
  try {
    return createServer({ ...certified, ...limits, minVersion: 'TLSv1.3' }, (_, response) =>
      response.writeHead(426, { ...safeHeaders, connection: 'close' }).end(),
    );
  } catch (error) {
    throw new CosmicError('config.malformed', `peerTls: ${(error as Error).message}`, { cause: error });
  }
}

function fileText(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CosmicError('config.malformed', `peerTls.${setting}: ${(error as Error).message}`);
  }
}
