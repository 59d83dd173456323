import { decodeBody, kindHeader, openBlock } from '../block/check.js';
import { encodeRefs } from '../block/header.js';
import type { Ref } from '../block/types.js';
import { decode, DecodeError } from '../codec/decode.js';
import { encode } from '../codec/encode.js';
import type { Value, ValueMap } from '../codec/value.js';
import { CosmicError, rejected, type Rejected } from '../errors.js';
import { readBody } from '../kinds/read-body.js';
import type { Registry } from '../kinds/registry.js';
import { limits } from '../limits.js';
import { checker, struct, text } from '../schema/index.js';
import { lock, unlock, type AgeKeys, type AgeLock } from './age.js';
import { sealedKind, type SealedBody } from './kind.js';

export interface Secret {
  readonly kind: string;
  /** The kind's own fields. */
  readonly fields: ValueMap;
  readonly tags?: readonly string[];
  readonly links?: readonly Ref[];
  /** Of the header that will carry it, where the inner kind looks at them. */
  readonly refs?: readonly Ref[];
  readonly timeMs?: number;
  /** 16 fresh random bytes. */
  readonly salt: Uint8Array;
}

/**
 * The fields of a `sealed/1` body for `createBlock`. `author`: the did that will sign it; only under that name can it be
 * opened. @throws CosmicError kind.unknown, the inner kind's own code, block.bad_body; as `lock`
 */
export async function sealFields(secret: Secret, author: string, registry: Registry, to: AgeLock): Promise<SealedBody> {
  const kind = registry.kind(secret.kind);
  if (kind === undefined) throw new CosmicError('kind.unknown', secret.kind);
  const body: ValueMap = {
    ...secret.fields,
    salt: secret.salt,
    tags: secret.tags ?? [],
    linked_blocks: encodeRefs(secret.links ?? []),
  };
  const encoded = encode(body);
  const common = decodeBody(encoded);
  if (common.status === 'rejected') throw new CosmicError(common.code, common.detail);
  const header = { kind: secret.kind, author, timeMs: secret.timeMs ?? 0, refs: secret.refs ?? [] };
  const parsed = readBody(kind, header, common.body, encoded.length);
  if (!parsed.ok) throw new CosmicError(parsed.code, parsed.detail);
  return { inner_kind: secret.kind, age: await lock(encode({ created_by: author, kind: secret.kind, body }), to) };
}

export interface Opened {
  readonly status: 'opened';
  readonly kind: string;
  /** The inner body with its salt, tags and links. */
  readonly body: ValueMap;
  /** What the inner kind makes of it, where the kind is known here. */
  readonly parsed: unknown;
}

const plaintextSchema = struct({
  created_by: text(128),
  kind: text(limits.kindMaxBytes),
  body: checker(() => undefined, {}),
});

/**
 * Opens a sealed block that passed `checkBlock`. Refused: no key fits (`sealed.locked`), a plaintext that is not of its
 * form (`sealed.malformed`), one that was sealed under another name or as another kind (`sealed.mismatch`), or whose
 * body its kind refuses (the kind's code).
 */
export async function openSealed(wire: Uint8Array, keys: AgeKeys, registry: Registry): Promise<Opened | Rejected> {
  const opened = openBlock(wire);
  if (opened.status === 'rejected') return opened;
  const { header, body } = opened.block;
  if (header.kind !== sealedKind.name) return rejected('sealed.malformed', `kind ${header.kind}`);
  if (body === null) return rejected('policy.erased', 'the body is gone');
  const decoded = decodeBody(body);
  if (decoded.status === 'rejected') return decoded;
  const sealed = readBody(sealedKind, kindHeader(header), decoded.body, body.length);
  if (!sealed.ok) return rejected(sealed.code, sealed.detail);
  const plaintext = await unlock(sealed.body.age, keys);
  if (typeof plaintext === 'string') return rejected('sealed.locked', plaintext);
  const inner = readPlaintext(plaintext);
  if (typeof inner === 'string') return rejected('sealed.malformed', inner);
  if (inner['created_by'] !== header.created_by)
    return rejected('sealed.mismatch', `sealed by ${inner['created_by'] as string}, published by ${header.created_by}`);
  if (inner['kind'] !== sealed.body.inner_kind)
    return rejected('sealed.mismatch', `sealed as ${inner['kind'] as string}, published as ${sealed.body.inner_kind}`);
  return openInner(inner);

  function openInner({ kind: name, body: value }: ValueMap): Opened | Rejected {
    const encoded = encode(value!);
    const common = decodeBody(encoded);
    if (common.status === 'rejected') return common;
    const kind = registry.kind(name as string);
    const parsed = kind && readBody(kind, { ...kindHeader(header), kind: kind.name }, common.body, encoded.length);
    if (parsed?.ok === false) return rejected(parsed.code, parsed.detail);
    return { status: 'opened', kind: name as string, body: common.body, parsed: parsed?.body };
  }
}

function readPlaintext(bytes: Uint8Array): ValueMap | string {
  let value: Value;
  try {
    value = decode(bytes, { nestingMax: limits.nestingMax + 1 });
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return plaintextSchema(value, 'plaintext') ?? (value as ValueMap);
}
