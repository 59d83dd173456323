import { randomBytes } from 'node:crypto';
import {
  corePlugins,
  createRegistry,
  CosmicError,
  didOf,
  signerOfSeed,
  type Author,
  type Did,
} from '@cosmicembeddings/sdk';
import { decodeKey, isLockedKey, type Key } from '@cosmicembeddings/sdk/keys';
import { keyFileText } from '@cosmicembeddings/sdk/keys/node';
import { createSky } from '@cosmicembeddings/sdk/sky';
import type { Settings } from '../settings.js';
import { askPassphrase } from './passphrase.js';

/** Somebody who signs here: the key never leaves this process. */
export interface Identity {
  readonly did: Did;
  readonly author: Author;
}

/** @throws CosmicError key.not_found, key.locked, key.malformed */
export async function openIdentity(settings: Settings): Promise<Identity> {
  return identityOf((await openKey(settings)).seed, settings.network);
}

/** The author's key: from the environment, else the key file. */
export async function openKey(settings: Settings): Promise<Key> {
  if (settings.keyText !== undefined) return named(decodeKey(settings.keyText), 'COSMIC_PRIVATE_KEY');
  const text = await keyFileText(settings.keyFile);
  if (text === undefined)
    throw new CosmicError('key.not_found', `nothing at ${settings.keyFile}; cosmic init makes a key`);
  const passphrase = isLockedKey(text) ? await askPassphrase(`Passphrase of ${settings.keyFile}: `) : undefined;
  return named(decodeKey(text, passphrase), settings.keyFile);
}

/** Says which file it was. */
async function named(key: Promise<Key>, where: string): Promise<Key> {
  try {
    return await key;
  } catch (error) {
    if (error instanceof CosmicError) throw new CosmicError(error.code, `${where}: ${error.detail}`, { cause: error });
    throw error;
  }
}

/** `seed`: 32 bytes. */
export function identityOf(seed: Uint8Array, network: string): Identity {
  const signer = signerOfSeed(seed);
  return { did: didOf(signer.publicKey), author: { signer, ...authorParts(network) } };
}

/** What signing needs beside the key. */
export function authorParts(network: string): Omit<Author, 'signer'> {
  return {
    network,
    registry: createRegistry(corePlugins),
    sky: createSky(),
    salt: () => new Uint8Array(randomBytes(16)),
  };
}
