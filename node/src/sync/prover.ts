import type { Transport, Verify } from '@cosmicembeddings/sdk';
import { digestKey, type Prover } from '@cosmicembeddings/sdk/sync';
import { partsOf } from './address.js';
import { isOwnAddress } from './own-address.js';
import type { PeerRules } from './rules.js';

export interface Identity {
  sign(message: Uint8Array): Uint8Array;
  nonce(): Uint8Array;
  readonly verify?: Verify;
}

/** What this side brings to a handshake. `dialled`: where it went, and whether somebody there has proven an identity before. */
export function proverOf(
  identity: Identity,
  rules: PeerRules,
  /** Nonces of all connections that are there. */
  nonces: ReadonlySet<string>,
  { local, channel }: Transport['remote'],
  dialled?: { readonly address: string; readonly hasProven?: boolean },
): Prover {
  const { allow = [], ownAddresses = [], networkKey, proofRequired = false } = rules;
  const required = proofRequired || allow.length > 0;
  const both = {
    nonce: identity.nonce(),
    sign: (message: Uint8Array) => identity.sign(message),
    isOwnNonce: (nonce: Uint8Array) => nonces.has(digestKey(nonce)),
    ...(identity.verify === undefined ? {} : { verify: identity.verify }),
    ...(networkKey === undefined ? {} : { networkKey }),
    ...(channel === undefined ? {} : { channel }),
  };
  if (dialled === undefined)
    return { ...both, required, role: 'listener', isOwnAddress: (url) => isOwnAddress(url, local, ownAddresses) };
  // Who has proven an identity here once has to do so again: nobody on the line talks both down to mere claims.
  return { ...both, role: 'dialler', ...partsOf(dialled.address), required: required || dialled.hasProven === true };
}
