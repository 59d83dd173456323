import { CosmicError, sha256, toHex } from '@cosmicembeddings/sdk';
import { lock, unlock } from '@cosmicembeddings/sdk/sealed';
import type { StoredObject } from './manifest.js';
import type { Place } from './place.js';

/** Writes bytes, sealed to `recipients` where there are any. `stem` begins the name, what lies there ends it. */
export async function writeObject(
  place: Place,
  stem: string,
  bytes: Uint8Array,
  recipients: readonly string[],
): Promise<StoredObject> {
  const kept = recipients.length === 0 ? bytes : await sealTo(recipients, bytes);
  const hash = toHex(sha256(kept));
  const object = `${stem}-${hash.slice(0, 16)}${recipients.length === 0 ? '' : '.age'}`;
  await place.write(object, kept);
  return { object, bytes: kept.length, sha256: hash };
}

async function sealTo(recipients: readonly string[], bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await lock(bytes, { recipients });
  } catch (cause) {
    throw new CosmicError('config.malformed', `backup: recipients: ${(cause as Error).message}`, { cause });
  }
}

/** What was written, checked and opened. @throws CosmicError backup.damaged, backup.sealed */
export async function readObject(
  place: Place,
  { object, sha256: expected }: StoredObject,
  identities: readonly string[],
): Promise<Uint8Array> {
  const kept = await readSound(place, object, expected);
  if (!object.endsWith('.age')) return kept;
  if (identities.length === 0) throw new CosmicError('backup.sealed', `${object}: give --identity FILE`);
  const opened = await unlock(kept, { identities });
  if (typeof opened === 'string') throw new CosmicError('backup.sealed', `${object}: ${opened}`);
  return opened;
}

/** As it lies there, without opening it. @throws CosmicError backup.damaged */
export async function readSound(place: Place, object: string, expected: string): Promise<Uint8Array> {
  const kept = await place.read(object);
  if (kept === undefined) throw new CosmicError('backup.damaged', `${object} is gone`);
  if (toHex(sha256(kept)) !== expected) throw new CosmicError('backup.damaged', `${object} is not what was written`);
  return kept;
}
