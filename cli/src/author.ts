import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { corePlugins, createRegistry, CosmicError, didOf, fromBase64, fromHex, signerOfSeed, toHex, type Author, type Did } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import type { Settings } from './settings.js';

/** Somebody who signs here: the key never leaves this process. */
export interface Identity {
  readonly did: Did;
  readonly author: Author;
}

/** @throws CosmicError key.malformed when there is no key yet, or none of ours */
export function openIdentity(settings: Settings): Identity {
  return identityOf(seedOf(settings), settings.network);
}

/** The author's 32-byte seed: from the environment, else the key file. */
export function seedOf(settings: Settings): Uint8Array {
  return settings.keyText === undefined ? readSeed(settings.keyFile) : seedOfText(settings.keyText, 'COSMIC_PRIVATE_KEY');
}

/** `seed`: 32 bytes. */
export function identityOf(seed: Uint8Array, network: string): Identity {
  const signer = signerOfSeed(seed);
  const author: Author = {
    signer,
    network,
    registry: createRegistry(corePlugins),
    sky: createSky(),
    salt: () => new Uint8Array(randomBytes(16)),
  };
  return { did: didOf(signer.publicKey), author };
}

/** A new key in a file that only its owner can read. @throws when the file exists */
export function writeNewKey(path: string): Uint8Array {
  const seed = new Uint8Array(randomBytes(32));
  writeKey(path, seed);
  return seed;
}

export function writeKey(path: string, seed: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${toHex(seed)}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(path, 0o600);
}

export function readSeed(path: string): Uint8Array {
  if (!existsSync(path)) throw new CosmicError('key.malformed', `there is no key at ${path}; cosmic init makes one`);
  return seedOfText(readFileSync(path, 'utf8'), path);
}

/** 64 hexadecimal digits, or base64 as the Python project writes keys. */
function seedOfText(text: string, where: string): Uint8Array {
  const trimmed = text.trim();
  try {
    const seed = /^[0-9a-f]{64}$/i.test(trimmed) ? fromHex(trimmed) : fromBase64(trimmed);
    if (seed.length === 32) return seed;
  } catch {
    // Said below, without repeating what may be a secret.
  }
  throw new CosmicError('key.malformed', where);
}
