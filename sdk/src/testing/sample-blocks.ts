import { cidOf, DAG_CBOR } from '../codec/cid.js';
import type { Value, ValueMap } from '../codec/value.js';
import { didOf } from '../crypto/identity.js';
import { publicKeyOf } from '../crypto/ed25519.js';
import { sha256 } from '../crypto/hash.js';
import { utf8 } from '../bytes.js';
import { rotatesFrom, rotatesTo } from '../kinds/rotate/kind.js';
import { encodeRefs } from '../block/header.js';
import { packRows, toUnit, type Dtype } from '../space/index.js';
import { signBlock, type Draft } from './sign-block.js';

/** Makes the stamp of a moment, as `createSky().stamp` does. */
export type Stamp = (at: {
  readonly timeMs: number;
  readonly place?: { readonly lat: number; readonly lon: number; readonly elevation: number };
}) => unknown;

export interface Sample extends Draft {
  readonly name: string;
  readonly header: ValueMap;
  readonly body: ValueMap | null;
}

export const sampleSpace: ValueMap = {
  model: 'example/four-dims',
  revision: null,
  weights: null,
  precision: 'fp32',
  dims: 4,
  metric: 'cosine',
  pooling: 'mean',
  normalized: true,
  query_prefix: 'query: ',
  passage_prefix: '',
  max_tokens: 256,
  endpoint: null,
};

export const sampleTimeMs = Date.UTC(2026, 10, 21, 12);
export const samplePlace = { lat: 48137000, lon: 11575000, elevation: 520000 };

/** A sound block of every core kind and storage form, and of an unknown kind; repeatable. `variant` changes all of them. */
export function sampleDrafts(stamp: Stamp, variant = 0, network = 'dev'): Sample[] {
  const seed = sha256(utf8(`sample author ${variant % 7}`));
  const other = sha256(utf8('another author'));
  const did = (from: Uint8Array): string => didOf(publicKeyOf(from));
  const salt = sha256(utf8(`salt ${variant}`)).slice(0, 16);
  const timestamp = sampleTimeMs + variant * 3_600_000;
  const someId = cidOf(DAG_CBOR, sha256(utf8(`some block ${variant}`)));
  const geocentric = stamp({ timeMs: timestamp }) as ValueMap;
  const placed = stamp({ timeMs: timestamp, place: samplePlace }) as ValueMap;
  const make = (
    name: string,
    kind: string,
    fields: ValueMap,
    header: ValueMap = {},
    common: ValueMap = {},
    by = seed,
  ): Sample => ({
    name,
    header: { version: 2, kind, timestamp, cosmic_signature: geocentric, ...header },
    body: { salt, tags: [], linked_blocks: [], ...common, ...fields },
    seed: by,
    network,
  });
  const embeddings = (['f32', 'f16', 'i8', 'b1'] as const).map((dtype) =>
    make(
      `embedding/1 ${dtype}`,
      'embedding/1',
      sampleEmbedding(dtype, variant),
      dtype === 'f32' ? { observer_location: samplePlace, cosmic_signature: placed } : {},
      {
        tags: ['example', `variant-${variant}`],
        linked_blocks: encodeRefs([{ rel: 'cites', id: someId.text }]),
      },
    ),
  );
  const refs = (list: Parameters<typeof encodeRefs>[0]): ValueMap => ({ refs: encodeRefs(list) as unknown as Value });
  return [
    ...embeddings,
    make('embedding/1 superseding, with prev', 'embedding/1', sampleEmbedding('f32', variant + 1), {
      ...refs([{ rel: 'supersedes', id: someId.text }]),
      prev: someId,
    }),
    make('retract/1', 'retract/1', { reason: `mistake ${variant}` }, refs([{ rel: 'retracts', id: someId.text }])),
    make('rotate/1 to', 'rotate/1', { to: did(other) }, refs(rotatesTo(did(other)))),
    make('rotate/1 from', 'rotate/1', { from: did(seed) }, refs(rotatesFrom(did(seed))), {}, other),
    make('sealed/1', 'sealed/1', {
      inner_kind: 'embedding/1',
      age: utf8(`age-encryption.org/v1\n-> X25519 not really ${variant}\n`),
    }),
    make('unknown kind', 'thing.example/1', {
      anything: [1, { '/': 'goes' }, someId, Uint8Array.of(variant & 255)],
      also: null,
    }),
    { ...make('header only', 'embedding/1', {}, { body: someId, body_bytes: 321 }), body: null },
  ];
}

export function sampleBlocks(
  stamp: Stamp,
  variant = 0,
  network = 'dev',
): { readonly name: string; readonly wire: Uint8Array }[] {
  return sampleDrafts(stamp, variant, network).map((draft) => ({ name: draft.name, wire: signBlock(draft) }));
}

export function sampleEmbedding(dtype: Dtype, variant: number): ValueMap {
  const rows = [0, 1].map((row) =>
    toUnit(Float32Array.from({ length: 4 }, (_, i) => Math.sin(1 + variant * 8 + row * 4 + i) + 0.1)),
  );
  return {
    space: dtype === 'b1' ? { ...sampleSpace, metric: 'hamming', normalized: false } : sampleSpace,
    embedding: packRows(rows, dtype) as unknown as ValueMap,
    input_type: 'text',
    input_reference: rows.map((_, row) => ({
      hash: sha256(utf8(`text ${variant} ${row}`)),
      origin: `https://example.org/${variant}#${row}`,
      ...(row === 0 ? { heading: 'Start', language: 'en' } : {}),
    })),
    texts: [`text ${variant} 0`, null],
  };
}
