import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CosmicError, didOf, fromHex, publicKeyOf, toHex, type Did } from '@cosmicembeddings/sdk';

/** The node's own name on the network, and the operator's token. The node never signs for authors. */
export interface NodeKeys {
  readonly did: Did;
  readonly seed: Uint8Array;
  readonly token: string;
}

/** Reads `node.key` and `token` of a data folder, making both on the first start (mode 0600). */
export async function openNodeKeys(folder: string): Promise<NodeKeys> {
  await mkdir(folder, { recursive: true });
  const seed = fromHex(await readOrMake(join(folder, 'node.key'), () => toHex(randomBytes(32)), /^[0-9a-f]{64}$/));
  const token = await readOrMake(join(folder, 'token'), () => randomBytes(24).toString('base64url'), /^[\w-]{20,}$/);
  return { did: didOf(publicKeyOf(seed)), seed, token };
}

async function readOrMake(path: string, make: () => string, form: RegExp): Promise<string> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(make() + '\n');
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const value = (await readFile(path, 'utf8')).trim();
  if (!form.test(value)) throw new CosmicError('key.malformed', path);
  return value;
}
