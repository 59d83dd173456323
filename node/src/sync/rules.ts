import { readFileSync } from 'node:fs';
import { CosmicError, fromHex, publicKeyOfDid } from '@cosmicembeddings/sdk';
import { peerAddress } from './address.js';

/** Who may be a peer, and over what lines. */
export interface PeerRules {
  /** did:keys: where `allow` is not empty, nobody else; `deny` nobody of these. Both need a proof of identity. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  /** Nobody whose identity is not proven. */
  readonly proofRequired?: boolean;
  /** Addresses under which others may know this node, as they dial them. */
  readonly ownAddresses?: readonly string[];
  /** 32 bytes that all nodes of a private network hold. */
  readonly networkKey?: Uint8Array;
  /** `ws:` to other machines too, where anybody on the line can read and change what is said. Default true for code, false for a node. */
  readonly plainLines?: boolean;
}

const KEYS = ['allow', 'deny', 'proofRequired', 'ownAddresses', 'networkKeyFile', 'plainLines'];

/** The setting `peerRules`; the shared key stands in a file of its own (64 hex digits). @throws CosmicError config.malformed, key.malformed */
export function parsePeerRules(value: unknown): PeerRules {
  if (value === undefined) return { plainLines: false };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('', 'a map', value);
  const rules = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(rules)) if (!KEYS.includes(key)) throw bad(`.${key}`, `one of ${KEYS.join(', ')}`, key);
  const file = rules['networkKeyFile'];
  if (file !== undefined && typeof file !== 'string') throw bad('.networkKeyFile', 'the path of a file', file);
  return {
    allow: dids(rules, 'allow'),
    deny: dids(rules, 'deny'),
    proofRequired: flag(rules, 'proofRequired'),
    ownAddresses: texts(rules, 'ownAddresses').map(peerAddress),
    plainLines: flag(rules, 'plainLines'),
    ...(file === undefined ? {} : { networkKey: readKey(file) }),
  };
}

function readKey(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new CosmicError('config.malformed', `peerRules.networkKeyFile: ${(error as Error).message}`);
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw new CosmicError('key.malformed', `${path}: expected 64 hex digits`);
  return fromHex(text);
}

function dids(rules: Readonly<Record<string, unknown>>, key: string): readonly string[] {
  const list = texts(rules, key);
  for (const one of list) if (publicKeyOfDid(one) === undefined) throw bad(`.${key}`, 'did:keys', one);
  return list;
}

function texts(rules: Readonly<Record<string, unknown>>, key: string): readonly string[] {
  const list = rules[key] ?? [];
  if (!Array.isArray(list) || !list.every((one) => typeof one === 'string'))
    throw bad(`.${key}`, 'a list of texts', list);
  return list;
}

function flag(rules: Readonly<Record<string, unknown>>, key: string): boolean {
  const value = rules[key] ?? false;
  if (typeof value !== 'boolean') throw bad(`.${key}`, 'true or false', value);
  return value;
}

function bad(where: string, expected: string, got: unknown): CosmicError {
  return new CosmicError('config.malformed', `peerRules${where}: expected ${expected}, got ${JSON.stringify(got)}`);
}
