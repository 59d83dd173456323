import { utf8 } from '../../bytes.js';
import { cidOf, RAW } from '../../codec/cid.js';
import type { ValueMap } from '../../codec/value.js';
import { publicKeyOfDid } from '../../crypto/identity.js';
import { sha256 } from '../../crypto/hash.js';
import { struct, text } from '../../schema/index.js';
import { ownFields } from '../embedding.js';
import type { Kind, Link } from '../kind.js';

/**
 * Body of `rotate/1` (specs/kinds/rotate.md): the old key publishes one with `to`, the new key one with `from`. Only
 * both together hand an identity over, so nobody can take a stranger's name nor be made a stranger's successor. What
 * counts stands in the headers, where each names the other key by hash.
 */
export type RotateBody = { readonly to: string } | { readonly from: string };

const did = text(128);
const schema = struct({}, { optional: { to: did, from: did } });

export const rotateKind: Kind<RotateBody> = {
  name: 'rotate/1',
  describe: 'An identity moves to a new key: one half by the old key, the other by the new one.',
  maxBytes: 4 * 1024,
  schema: schema.json,
  refs: [
    { rel: 'rotates_to', what: 'name of the new key, in the old key’s block' },
    { rel: 'rotates_from', what: 'name of the old key, in the new key’s block' },
  ],
  parse(_header, body: ValueMap) {
    const own = ownFields(body) as { to?: string; from?: string };
    const fault = schema(own as ValueMap, 'body') ?? faultOf(own);
    return fault === undefined
      ? { ok: true, body: own as RotateBody }
      : { ok: false, code: 'kind.malformed', detail: fault };
  },
};

function faultOf({ to, from }: { to?: string; from?: string }): string | undefined {
  if ((to === undefined) === (from === undefined)) return 'body: expected either to or from';
  return publicKeyOfDid((to ?? from)!) === undefined ? 'body: expected the did:key of an Ed25519 key' : undefined;
}

const names = new Map<string, string>();

/** A key's name as a block can refer to it: CIDv1 (raw, sha2-256) of the did's UTF-8 bytes. */
export function nameCid(did: string): string {
  let cid = names.get(did);
  if (cid === undefined) {
    cid = cidOf(RAW, sha256(utf8(did))).text;
    if (names.size >= 4096) names.clear();
    names.set(did, cid);
  }
  return cid;
}

/** Header refs of the old key's block. */
export function rotatesTo(newDid: string): readonly Link[] {
  return [{ rel: 'rotates_to', id: nameCid(newDid) }];
}

/** Header refs of the new key's block. */
export function rotatesFrom(oldDid: string): readonly Link[] {
  return [{ rel: 'rotates_from', id: nameCid(oldDid) }];
}
