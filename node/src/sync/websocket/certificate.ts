import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { didOf, fromHex, publicKeyOf } from '@cosmicembeddings/sdk';

/** PEM, as `node:tls` takes them. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

const ED25519 = fromHex('06032b6570');
const [SEQUENCE, SET, INTEGER, BITS, OID, UTF8, UTC_TIME, GENERAL_TIME] = [0x30, 0x31, 2, 3, 6, 12, 23, 24] as const;

/**
 * A certificate that this node signs itself, for the key by which peers know it (RFC 5280, RFC 8410): always the same bytes, and
 * never out of date. Nobody vouches for it; who dials has to know the key.
 */
export function selfSigned(seed: Uint8Array): Certified {
  const privateKey = createPrivateKey({
    key: Buffer.concat([fromHex('302e020100300506032b657004220420'), seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OID, fromHex('550403')), der(UTF8, text('cosmicembeddings node')))),
  );
  const algorithm = der(SEQUENCE, ED25519);
  const signed = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Uint8Array.of(2))),
    der(INTEGER, Uint8Array.of(1)),
    algorithm,
    name,
    // From 2000 on; the end means "no end" (RFC 5280, 4.1.2.5).
    der(SEQUENCE, der(UTC_TIME, text('000101000000Z')), der(GENERAL_TIME, text('99991231235959Z'))),
    name,
    der(SEQUENCE, algorithm, der(BITS, Uint8Array.of(0), publicKeyOf(seed))),
  );
  const whole = der(SEQUENCE, signed, algorithm, der(BITS, Uint8Array.of(0), sign(null, signed, privateKey)));
  return {
    cert: new X509Certificate(whole).toString(),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** The did:key of the key in the other side's certificate; undefined for one of another sort, or none. */
export function didOfCertificate(socket: Pick<TLSSocket, 'getPeerX509Certificate'>): string | undefined {
  const jwk = socket.getPeerX509Certificate()?.publicKey.export({ format: 'jwk' });
  return jwk?.crv === 'Ed25519' && jwk.x !== undefined
    ? didOf(new Uint8Array(Buffer.from(jwk.x, 'base64url')))
    : undefined;
}

/** What both ends of this TLS 1.3 connection know, and nobody else (RFC 9266, `tls-exporter`). 32 bytes. */
export function channelOf(socket: Pick<TLSSocket, 'exportKeyingMaterial'>): Uint8Array {
  return new Uint8Array(socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)));
}
