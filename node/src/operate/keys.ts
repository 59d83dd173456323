import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CosmicError, didOf, fromHex, toHex, type Did } from '@cosmicembeddings/sdk';
import { createFile, makeFolder } from '../store/durable.js';

/** The node's own name on the network, and the operator's token. The node never signs for authors. */
export interface NodeKeys {
  readonly did: Did;
  readonly seed: Uint8Array;
  readonly token: string;
}

/** Reads `node.key` and `token` of a data folder, making both on the first start (mode 0600). */
export async function openNodeKeys(folder: string): Promise<NodeKeys> {
  makeFolder(folder);
  const key = join(folder, 'node.key');
  if (!existsSync(key) && existsSync(join(folder, 'store.sqlite')))
    throw new CosmicError(
      'key.not_found',
      `${key} is gone, and the store beside it belongs to it; put the key back, or restore a backup to another folder`,
    );
  const seed = fromHex(await readOrMake(key, () => toHex(randomBytes(32)), /^[0-9a-f]{64}$/));
  const token = await readOrMake(join(folder, 'token'), () => randomBytes(24).toString('base64url'), /^[\w-]{20,}$/);
  return { did: didOf(publicKeyOf(seed)), seed, token };
}

/** DER head of an Ed25519 private key (RFC 8410 section 7); the 32 bytes of the seed follow. */
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420');
const KEY_BYTES = 32;

/** OpenSSL's answer: the portable one makes tables first, which a start would wait for. */
function publicKeyOf(seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES));
}

async function readOrMake(path: string, make: () => string, form: RegExp): Promise<string> {
  if (!existsSync(path)) createFile(path, make() + '\n');
  const value = (await readFile(path, 'utf8').catch((error: unknown) => String(error))).trim();
  if (!form.test(value)) throw new CosmicError('key.malformed', `${path} is damaged; put a copy of it in its place`);
  return value;
}
