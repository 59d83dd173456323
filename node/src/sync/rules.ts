import { readFileSync } from 'node:fs';
import { CosmicError, fromHex, publicKeyOfDid } from '@cosmicembeddings/sdk';
import { readSettings, type SettingSchema } from '../json-schema.js';
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

const dids: SettingSchema = { type: 'array', items: { type: 'string' } };
const flag: SettingSchema = { type: 'boolean', default: false };

export const peerRulesSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'who may be a peer, and over what lines',
  properties: {
    allow: { ...dids, description: 'did:keys; where there are any, nobody else' },
    deny: { ...dids, description: 'did:keys; nobody of these' },
    proofRequired: { ...flag, description: 'nobody whose identity is not proven' },
    ownAddresses: {
      type: 'array',
      items: { type: 'string' },
      description: 'addresses under which others may know this node, as they dial them',
    },
    networkKeyFile: {
      type: 'string',
      description: 'file of 64 hex digits that all nodes of a private network hold',
    },
    plainLines: { ...flag, description: '`ws:` to other machines too, where anybody on the line can read and change' },
  },
};

interface Written {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly proofRequired: boolean;
  readonly ownAddresses?: readonly string[];
  readonly networkKeyFile?: string;
  readonly plainLines: boolean;
}

/** The setting `peerRules`; the shared key stands in a file of its own (64 hex digits). @throws CosmicError config.malformed, key.malformed */
export function parsePeerRules(value: unknown): PeerRules {
  const {
    networkKeyFile,
    allow = [],
    deny = [],
    ownAddresses = [],
    ...flags
  } = readSettings<Written>(peerRulesSchema, value, 'peerRules');
  for (const [key, list] of Object.entries({ allow, deny })) for (const one of list) refuseNoDid(key, one);
  return {
    ...flags,
    allow,
    deny,
    ownAddresses: ownAddresses.map((one) => configuredAddress('peerRules.ownAddresses', one)),
    ...(networkKeyFile === undefined ? {} : { networkKey: readKey(networkKeyFile) }),
  };
}

/** A peer's address that stands in a configuration. @throws CosmicError config.malformed with the setting's name */
export function configuredAddress(setting: string, text: string): string {
  try {
    return peerAddress(text);
  } catch (error) {
    throw new CosmicError('config.malformed', `${setting}: ${(error as CosmicError).detail}`, { cause: error });
  }
}

function refuseNoDid(key: string, text: string): void {
  if (publicKeyOfDid(text) === undefined)
    throw new CosmicError('config.malformed', `peerRules.${key}: expected did:keys, got ${JSON.stringify(text)}`);
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
