import type { ValueMap } from '../codec/value.js';
import { ownFields } from '../kinds/embedding.js';
import type { Kind } from '../kinds/kind.js';
import type { Plugin } from '../kinds/plugin.js';
import { isKindName } from '../kinds/registry.js';
import { limits } from '../limits.js';
import { bytes, struct, text } from '../schema/index.js';
import { isAge } from './age.js';

/** Body of `sealed/1` (specs/kinds/sealed.md): a whole body of another kind, encrypted to recipients with age. */
export interface SealedBody {
  readonly inner_kind: string;
  /** age file, binary form. Its plaintext is DAG-CBOR {created_by, kind, body}. */
  readonly age: Uint8Array;
}

const schema = struct({ inner_kind: text(limits.kindMaxBytes), age: bytes(1, limits.bodyMaxBytes) });

export const sealedKind: Kind<SealedBody> = {
  name: 'sealed/1',
  describe: 'A body of another kind that only its recipients can read.',
  maxBytes: limits.bodyMaxBytes,
  schema: schema.json,
  parse(_header, body: ValueMap) {
    const own = ownFields(body) as unknown as SealedBody;
    const fault = schema(own as unknown as ValueMap, 'body') ?? faultOf(own);
    return fault === undefined ? { ok: true, body: own } : { ok: false, code: 'kind.malformed', detail: fault };
  },
};

function faultOf({ inner_kind, age }: SealedBody): string | undefined {
  if (!isKindName(inner_kind) || inner_kind === 'sealed/1') return 'body.inner_kind: expected the name of another kind';
  return isAge(age) ? undefined : 'body.age: expected an age file in binary form';
}

export const sealedPlugin: Plugin = { name: 'sealed', kinds: [sealedKind as Kind], views: [] };
