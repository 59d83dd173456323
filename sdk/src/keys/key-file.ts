import { fromBase64, fromHex, toHex, utf8 } from '../bytes.js';
import { publicKeyOf } from '../crypto/ed25519.js';
import { didOf, type Did } from '../crypto/identity.js';
import { CosmicError } from '../errors.js';
import { armor, isArmored, lock, unarmor, unlock, type AgeLock } from '../sealed/age.js';

/** An author's secret: 32 bytes, and the name that follows from it. */
export interface Key {
  readonly seed: Uint8Array;
  readonly did: Did;
}

export function keyOfSeed(seed: Uint8Array): Key {
  if (seed.length !== 32) throw new CosmicError('key.malformed', `a seed has 32 bytes, not ${seed.length}`);
  return { seed: seed.slice(), did: didOf(publicKeyOf(seed)) };
}

/**
 * Text of a key file (specs/identity.md): 64 hexadecimal digits and a line end; with a passphrase that text as an
 * armoured age file, which `age --decrypt` opens too.
 */
export async function encodeKey(
  { seed }: Pick<Key, 'seed'>,
  options: Pick<AgeLock, 'passphrase' | 'workFactor'> = {},
): Promise<string> {
  const plain = `${toHex(seed)}\n`;
  return options.passphrase === undefined ? plain : armor(await lock(utf8(plain), options));
}

/** Does the text of a key file need a passphrase? */
export function isLockedKey(text: string): boolean {
  return isArmored(text);
}

/**
 * Reads a key file: hexadecimal, base64 as the Python project writes keys (32 bytes, or 64 with the public key behind), or
 * either inside an armoured age file. @throws CosmicError key.locked, key.malformed; neither repeats what may be a secret
 */
export async function decodeKey(text: string, passphrase?: string): Promise<Key> {
  if (!isLockedKey(text)) return keyOfSeed(seedOf(text));
  if (passphrase === undefined) throw new CosmicError('key.locked', 'the key file needs its passphrase');
  const bytes = await unarmor(text);
  if (bytes === undefined) throw new CosmicError('key.malformed', 'the armour is damaged');
  const plain = await unlock(bytes, { passphrases: [passphrase] });
  if (typeof plain === 'string') throw new CosmicError('key.locked', 'the passphrase does not open the key file');
  return keyOfSeed(seedOf(new TextDecoder().decode(plain)));
}

function seedOf(text: string): Uint8Array {
  const trimmed = text.trim();
  try {
    const bytes = /^[0-9a-fA-F]{64}$/.test(trimmed) ? fromHex(trimmed) : fromBase64(trimmed);
    if (bytes.length === 32) return bytes;
    if (bytes.length === 64 && toHex(publicKeyOf(bytes.subarray(0, 32))) === toHex(bytes.subarray(32)))
      return bytes.slice(0, 32);
  } catch {
    // said below
  }
  throw new CosmicError('key.malformed', 'expected 64 hexadecimal digits, or base64 of 32 bytes');
}
