import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CosmicError, type Clock } from '@cosmicembeddings/sdk';
import { allowanceSchema } from '../door/budgets.js';
import { scopes, type ApiKey, type Scope } from '../http/access.js';
import { readSettings } from '../json-schema.js';
import { replaceFile } from '../store/durable.js';

export function keysFile(folder: string): string {
  return join(folder, 'keys.json');
}

/** @throws CosmicError config.malformed */
export function readApiKeys(folder: string): readonly ApiKey[] {
  const path = keysFile(folder);
  if (!existsSync(path)) return [];
  const bad = (what: string): never => {
    throw new CosmicError('config.malformed', `${path}: ${what}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return bad((error as Error).message);
  }
  const { version, keys } = value as { version?: unknown; keys?: unknown };
  if (version !== 1 || !Array.isArray(keys)) return bad('expected {"version": 1, "keys": […]}');
  return (keys as unknown[]).map((one, i) =>
    checkKey(one as ApiKey, `${path}: keys[${i}]`, (what) => bad(`keys[${i}]${what}`)),
  );
}

function checkKey(key: ApiKey, where: string, bad: (what: string) => never): ApiKey {
  if (typeof key !== 'object' || key === null) bad(': expected an object');
  if (typeof key.name !== 'string' || !/^[\w.-]{1,64}$/.test(key.name)) bad('.name: letters, digits, dots and dashes');
  if (typeof key.sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(key.sha256)) bad('.sha256: 64 hexadecimal digits');
  if (!Array.isArray(key.scopes) || !key.scopes.every((scope) => scopes.includes(scope)))
    bad(`.scopes: of ${scopes.join(', ')}`);
  const { requestsPerMinute, allowance } = key;
  if (requestsPerMinute !== undefined && !(Number.isSafeInteger(requestsPerMinute) && requestsPerMinute > 0))
    bad('.requestsPerMinute: a whole number from 1 on');
  return allowance === undefined
    ? key
    : { ...key, allowance: readSettings(allowanceSchema, allowance, `${where}.allowance`) };
}

const LOOK_MS = 1_000;

/** The keys of a running node: the file is looked at again when it has changed, at most once a second. */
export function watchApiKeys(
  folder: string,
  clock: Pick<Clock, 'now'>,
  onError: (error: unknown) => void,
): () => readonly ApiKey[] {
  let keys = readApiKeys(folder);
  let stamp = stampOf(folder);
  let lookedMs = clock.now();
  return () => {
    const nowMs = clock.now();
    if (Math.abs(nowMs - lookedMs) < LOOK_MS) return keys;
    lookedMs = nowMs;
    const seen = stampOf(folder);
    if (seen === stamp) return keys;
    stamp = seen;
    try {
      keys = readApiKeys(folder);
    } catch (error) {
      onError(error);
    }
    return keys;
  };
}

function stampOf(folder: string): string {
  const stat = statSync(keysFile(folder), { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
}

/** Makes a key and answers its secret, which is kept nowhere. @throws CosmicError key.exists, config.malformed */
export function addApiKey(folder: string, key: Omit<ApiKey, 'sha256'>): string {
  const keys = readApiKeys(folder);
  if (keys.some(({ name }) => name === key.name))
    throw new CosmicError('key.exists', `${key.name} in ${keysFile(folder)}`);
  const secret = randomBytes(24).toString('base64url');
  const made = { ...key, sha256: createHash('sha256').update(secret).digest('hex') };
  checkKey(made, 'key', (what) => {
    throw new CosmicError('config.malformed', `key${what}`);
  });
  writeApiKeys(folder, [...keys, made]);
  return secret;
}

/** @throws CosmicError key.not_found */
export function removeApiKey(folder: string, name: string): void {
  const keys = readApiKeys(folder);
  if (!keys.some((key) => key.name === name)) throw new CosmicError('key.not_found', `${name} in ${keysFile(folder)}`);
  writeApiKeys(
    folder,
    keys.filter((key) => key.name !== name),
  );
}

function writeApiKeys(folder: string, keys: readonly ApiKey[]): void {
  replaceFile(keysFile(folder), `${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
}

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}
