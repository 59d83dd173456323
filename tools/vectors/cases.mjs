/** What each rule of specs/block.md and specs/kinds forbids, done to a sound draft and signed with a valid key. */
import {
  cidOf,
  concatBytes,
  DAG_CBOR,
  encode,
  RAW,
  sha256,
  toBase58,
  utf8,
  writeEnvelope,
  sign,
  Cid,
} from '../../sdk/dist/index.js';
import { sampleDrafts, samplePlace, sampleSpace, signBlock, signHeader } from '../../sdk/dist/testing/index.js';

const someCid = cidOf(DAG_CBOR, sha256(utf8('some block 0')));
const sha1Cid = new Cid(Uint8Array.of(1, 0x71, 0x11, 20, ...new Uint8Array(20)));
const float = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'));

/** [rule, expected code, wire bytes] of blocks that no node may take. */
export function invalidBlocks(stamp) {
  const drafts = new Map(sampleDrafts(stamp).map((draft) => [draft.name, draft]));
  const base = drafts.get('embedding/1 f16');
  const placed = drafts.get('embedding/1 f32');
  const { seed, network } = base;
  const good = signBlock(base);
  const header = (change, from = base) => signBlock({ ...from, header: { ...from.header, ...change } });
  const without = (key) =>
    signBlock({ ...base, header: Object.fromEntries(Object.entries(base.header).filter(([name]) => name !== key)) });
  const body = (change) => signBlock({ ...base, body: { ...base.body, ...change } });
  const bodyWithout = (key) =>
    signBlock({ ...base, body: Object.fromEntries(Object.entries(base.body).filter(([name]) => name !== key)) });
  const rawHeader = (bytes) => signHeader(bytes, null, seed, network);
  const rawBody = (bytes) => signBlock({ ...base, body: bytes });
  const bytes = (change) => Uint8Array.from(change([...good]));
  const gone = drafts.get('header only');
  const goneHeader = (change) => signBlock({ ...gone, header: { ...gone.header, ...change } });
  const time = (timestamp) => ({ timestamp });
  const stampOf = (change) => ({ cosmic_signature: { ...base.header.cosmic_signature, ...change } });
  const radec = base.header.cosmic_signature.radec;
  const envelopeEnd = good.length - encode(base.body).length;
  const splice = (at, count, ...put) => bytes((b) => (b.splice(at, count, ...put), b));
  const nested = (levels) => Array.from({ length: levels }).reduce((inner) => [inner], 1);
  const longText = 'x'.repeat(5000);
  return [
    // framing and envelope
    ['no bytes', 'block.malformed', new Uint8Array(0)],
    ['first byte is none of ours', 'block.malformed', Uint8Array.of(0x00)],
    ['cut inside the envelope', 'block.malformed', good.slice(0, 50)],
    ['cut inside the body', 'block.malformed', good.slice(0, -1)],
    ['bytes after the block', 'block.malformed', concatBytes(good, Uint8Array.of(0))],
    ['two blocks', 'block.malformed', concatBytes(good, good)],
    ['body missing without null', 'block.malformed', good.slice(0, envelopeEnd)],
    ['bytes after null', 'block.malformed', concatBytes(signBlock(gone), Uint8Array.of(0xf6))],
    ['tag 18 in two bytes', 'block.malformed', splice(0, 1, 0xd8, 18)],
    ['no tag', 'block.malformed', splice(0, 1)],
    ['array of five', 'block.bad_envelope', splice(1, 1, 0x85)],
    ['array of indefinite length', 'block.bad_envelope', splice(1, 1, 0x9f)],
    ['algorithm EdDSA (-8)', 'block.bad_envelope', splice(5, 1, 0x27)],
    ['algorithm not in shortest form', 'block.bad_envelope', splice(2, 4, 0x44, 0xa1, 0x01, 0x38, 0x12)],
    ['empty protected header', 'block.bad_envelope', splice(2, 4, 0x40)],
    ['an unprotected entry', 'block.bad_envelope', splice(6, 1, 0xa1, 0x04, 0x41, 0x00)],
    ['header as text', 'block.bad_envelope', splice(7, 1, 0x79)],
    ['header length not in shortest form', 'block.bad_envelope', splice(7, 1, 0x5a, 0, 0)],
    [
      'signature of 63 bytes',
      'block.bad_envelope',
      concatBytes(
        writeEnvelope(encode({ version: 2 }), new Uint8Array(64)).slice(0, -66),
        Uint8Array.of(0x58, 63),
        new Uint8Array(64),
      ),
    ],
    // header
    ['header over 4096 bytes', 'block.too_large', rawHeader(encode({ a: longText }))],
    ['header is no CBOR', 'block.malformed', rawHeader(Uint8Array.of(0xff))],
    ['header with bytes after it', 'block.malformed', rawHeader(concatBytes(encode({ version: 2 }), Uint8Array.of(0)))],
    ['header with keys out of order', 'block.malformed', rawHeader(float('a2616202616101'))],
    ['header with a key twice', 'block.malformed', rawHeader(float('a2616101616102'))],
    ['header with a float', 'block.malformed', rawHeader(float('a16161fb3ff8000000000000'))],
    ['header with an integer not in shortest form', 'block.malformed', rawHeader(float('a161611801'))],
    ['header with an indefinite length', 'block.malformed', rawHeader(float('bf616101ff'))],
    ['header with a tag other than 42', 'block.malformed', rawHeader(float('a16161c100'))],
    ['header with an integer key', 'block.malformed', rawHeader(float('a10101'))],
    ['header with text that is not UTF-8', 'block.malformed', rawHeader(float('a1616162c328'))],
    ['header with undefined', 'block.malformed', rawHeader(float('a16161f7'))],
    ['header with an integer beyond 2^53−1', 'block.malformed', rawHeader(float('a161611b0020000000000000'))],
    ['header nested 17 deep', 'block.malformed', header({ cosmic_signature: nested(16) })],
    ['header that is a list', 'block.bad_header', rawHeader(encode([]))],
    ['version 1', 'block.unknown_version', header({ version: 1 })],
    ['version 3', 'block.unknown_version', header({ version: 3 })],
    ['version as text', 'block.bad_header', header({ version: '2' })],
    ['an unknown header key', 'block.bad_header', header({ note: 'hello' })],
    ...['version', 'kind', 'timestamp', 'cosmic_signature'].map((key) => [
      `header without ${key}`,
      'block.bad_header',
      without(key),
    ]),
    [
      'header without created_by',
      'block.bad_header',
      rawHeader(encode({ ...base.header, body: someCid, body_bytes: 9 })),
    ],
    ['header without body', 'block.bad_header', rawHeader(encode({ ...base.header, created_by: 'x', body_bytes: 9 }))],
    [
      'header without body_bytes',
      'block.bad_header',
      rawHeader(encode({ ...base.header, created_by: 'x', body: someCid })),
    ],
    ...[
      'Embedding/1',
      'embedding',
      'embedding/0',
      'embedding/01',
      'embedding/10000',
      'a..b/1',
      '.a/1',
      'a b/1',
      '/1',
      `${'k'.repeat(127)}/1`,
    ].map((kind) => [`kind ${kind.slice(0, 20)}`, 'block.bad_header', header({ kind })]),
    ['timestamp before 1970', 'block.bad_header', header(time(-1))],
    ['timestamp as text', 'block.bad_header', header(time('2026'))],
    ['body CID with codec raw', 'block.bad_header', goneHeader({ body: cidOf(RAW, sha256(utf8('x'))) })],
    ['body CID of another hash', 'block.bad_header', goneHeader({ body: sha1Cid })],
    ['body_bytes 0', 'block.bad_header', goneHeader({ body_bytes: 0 })],
    ['body_bytes over 4 MiB', 'block.bad_header', goneHeader({ body_bytes: 4 * 1024 * 1024 + 1 })],
    ['body_bytes not those of the body', 'block.malformed', header({ body_bytes: encode(base.body).length + 1 })],
    ['body_bytes one too few', 'block.malformed', header({ body_bytes: encode(base.body).length - 1 })],
    ['prev as text', 'block.bad_header', header({ prev: someCid.text })],
    ['prev null', 'block.bad_header', header({ prev: null })],
    ['refs empty', 'block.bad_header', header({ refs: [] })],
    ['17 refs', 'block.bad_header', header({ refs: Array(17).fill({ rel: 'cites', id: someCid }) })],
    ['a ref with a third key', 'block.bad_header', header({ refs: [{ rel: 'cites', id: someCid, why: '' }] })],
    ['a ref without id', 'block.bad_header', header({ refs: [{ rel: 'cites' }] })],
    ['a ref with an empty rel', 'block.bad_header', header({ refs: [{ rel: '', id: someCid }] })],
    ['a ref with capitals in rel', 'block.bad_header', header({ refs: [{ rel: 'Cites', id: someCid }] })],
    ['a ref with a rel of 65 bytes', 'block.bad_header', header({ refs: [{ rel: 'r'.repeat(65), id: someCid }] })],
    // identity
    ['created_by is no did:key', 'identity.malformed', header({ created_by: 'did:web:example.org' })],
    [
      'created_by is an X25519 key',
      'identity.malformed',
      header({ created_by: 'did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F' }),
    ],
    [
      'created_by with a fragment',
      'identity.malformed',
      header({ created_by: `did:key:z${toBase58(Uint8Array.of(0xed, 1, ...new Uint8Array(32)))}#x` }),
    ],
    [
      'created_by with 31 bytes',
      'identity.malformed',
      header({ created_by: `did:key:z${toBase58(Uint8Array.of(0xed, 1, ...new Uint8Array(31)))}` }),
    ],
    ['created_by empty', 'identity.malformed', header({ created_by: '' })],
    // body
    ['another body of the same length', 'block.body_mismatch', bytes((b) => ((b[b.length - 1] ^= 1), b))],
    ['body with bytes after its item', 'block.malformed', rawBody(new Uint8Array(9))],
    ['body is no CBOR', 'block.malformed', rawBody(Uint8Array.of(0xff))],
    ['body with keys out of order', 'block.malformed', rawBody(float('a2616202616101'))],
    ['body with a float', 'block.malformed', rawBody(float('a16161f93c00'))],
    ['body nested 17 deep', 'block.malformed', body({ deep: nested(16) })],
    ['body that is a list', 'block.bad_body', rawBody(encode([]))],
    ...['salt', 'tags', 'linked_blocks'].map((key) => [`body without ${key}`, 'block.bad_body', bodyWithout(key)]),
    ['salt of 15 bytes', 'block.bad_body', body({ salt: new Uint8Array(15) })],
    ['salt of 17 bytes', 'block.bad_body', body({ salt: new Uint8Array(17) })],
    ['salt as text', 'block.bad_body', body({ salt: 'AAAAAAAAAAAAAAAA' })],
    ['tags as a map', 'block.bad_body', body({ tags: {} })],
    ['an empty tag', 'block.bad_body', body({ tags: [''] })],
    ['a tag of 129 bytes', 'block.bad_body', body({ tags: ['t'.repeat(129)] })],
    ['a tag of 43 characters and 129 bytes', 'block.bad_body', body({ tags: ['⭐'.repeat(43)] })],
    ['65 tags', 'block.bad_body', body({ tags: Array.from({ length: 65 }, (_, i) => `t${i}`) })],
    ['257 links', 'block.bad_body', body({ linked_blocks: Array(257).fill({ rel: 'cites', id: someCid }) })],
    ['a link as text', 'block.bad_body', body({ linked_blocks: [someCid.text] })],
    ['a link with a third key', 'block.bad_body', body({ linked_blocks: [{ rel: 'cites', id: someCid, note: 1 }] })],
    ['a link to a CID of another hash', 'block.bad_body', body({ linked_blocks: [{ rel: 'cites', id: sha1Cid }] })],
    // signature
    ['one bit of the signature', 'block.bad_signature', bytes((b) => ((b[envelopeEnd - 1] ^= 1), b))],
    [
      'signed by another key',
      'block.bad_signature',
      header({ created_by: 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp' }),
    ],
    ['signed for another network', 'block.bad_signature', signBlock({ ...base, network: 'other' })],
    ['signed for the public network', 'block.bad_signature', signBlock({ ...base, network: '' })],
    ['the header itself signed, without Sig_structure', 'block.bad_signature', bareSignature(base)],
    ['signature of zeros', 'block.bad_signature', bytes((b) => (b.fill(0, envelopeEnd - 64, envelopeEnd), b))],
    // sky
    ['timestamp in 2100', 'sky.time_out_of_span', header(time(Date.UTC(2100, 0, 1)))],
    ['timestamp 2^53−1', 'sky.time_out_of_span', header(time(2 ** 53 - 1))],
    ['place of the wrong form', 'sky.place_invalid', header({ observer_location: [1, 2] })],
    [
      'latitude beyond the pole',
      'sky.place_invalid',
      header({ observer_location: { ...samplePlace, lat: 90000001 } }, placed),
    ],
    ['place without elevation', 'sky.place_invalid', header({ observer_location: { lat: 0, lon: 0 } }, placed)],
    [
      'place with an unknown key',
      'sky.place_invalid',
      header({ observer_location: { ...samplePlace, name: 'x' } }, placed),
    ],
    [
      'place off its grid',
      'sky.place_invalid',
      header({ observer_location: { ...samplePlace, grid: 1000000 } }, placed),
    ],
    ['stamp of the wrong form', 'sky.malformed', header({ cosmic_signature: 'Orion-127.5' })],
    ['stamp of another version', 'sky.malformed', header(stampOf({ version: 'sky/2' }))],
    ['stamp with an unknown key', 'sky.malformed', header(stampOf({ mood: 'bright' }))],
    ['stamp with a hash that does not fit', 'sky.malformed', header(stampOf({ hash: '0000000000000000' }))],
    ['stamp with a label that does not fit', 'sky.malformed', header(stampOf({ label: 'Orion-1.0' }))],
    ['stamp with eight bodies', 'sky.malformed', header(stampOf({ radec: radec.slice(2) }))],
    ['geocentric stamp over a place', 'sky.malformed', header({ observer_location: samplePlace })],
    [
      'stamp over a place without a place',
      'sky.malformed',
      header({ cosmic_signature: placed.header.cosmic_signature }),
    ],
    [
      'stamp of an hour later',
      'sky.mismatch',
      header({ cosmic_signature: stamp({ timeMs: base.header.timestamp + 3_600_000 }) }),
    ],
    [
      'stamp of another place',
      'sky.mismatch',
      header({ observer_location: { ...samplePlace, lon: samplePlace.lon + 1_000_000 } }, placed),
    ],
  ];
}

function bareSignature({ header, body, seed }) {
  const bodyBytes = encode(body);
  const signed = signBlock({ header, body, seed, network: 'dev' });
  const headerBytes = signed.slice(10, signed.length - bodyBytes.length - 66);
  return concatBytes(writeEnvelope(headerBytes, sign(headerBytes, seed)), bodyBytes);
}

/** [rule, expected code, wire bytes] of valid blocks that are kept inert: no index and no fold sees them. */
export function inertBlocks(stamp) {
  const drafts = new Map(sampleDrafts(stamp).map((draft) => [draft.name, draft]));
  const f32 = drafts.get('embedding/1 f32');
  const of = (name, change) => signBlock({ ...drafts.get(name), body: { ...drafts.get(name).body, ...change } });
  const space = (change) => of('embedding/1 f32', { space: { ...sampleSpace, ...change } });
  const { bytes } = f32.body.embedding;
  const row = (values) => {
    const view = new DataView(new ArrayBuffer(32));
    [...values, 0.5, 0.5, 0.5, 0.5].forEach((x, i) => view.setFloat32(4 * i, x, true));
    return of('embedding/1 f32', { embedding: { dtype: 'f32', rows: 2, bytes: new Uint8Array(view.buffer) } });
  };
  const scaled = (dtype, factor) => {
    const draft = drafts.get(`embedding/1 ${dtype}`);
    const stored = draft.body.embedding.bytes.slice();
    new DataView(stored.buffer).setFloat32(0, new DataView(stored.buffer).getFloat32(0, true) * factor, true);
    return of(`embedding/1 ${dtype}`, { embedding: { ...draft.body.embedding, bytes: stored } });
  };
  const reference = f32.body.input_reference;
  const without = (name, key) =>
    signBlock({
      ...drafts.get(name),
      body: Object.fromEntries(Object.entries(drafts.get(name).body).filter(([k]) => k !== key)),
    });
  return [
    ['a kind that nobody here knows', 'kind.unknown', of('unknown kind', {})],
    [
      'embedding of another version',
      'kind.unknown',
      signBlock({ ...f32, header: { ...f32.header, kind: 'embedding/2' } }),
    ],
    ['an unknown field', 'kind.malformed', of('embedding/1 f32', { extra: 1 })],
    ...[
      ['an empty collection', { collection: '' }],
      ['a collection of 129 bytes', { collection: 'c'.repeat(129) }],
      ['a control character in the own id', { document: 'a\nb' }],
      ['metadata of one row for two', { metadata: [{ a: 1 }] }],
      ['an empty map of metadata', { metadata: [{}, null] }],
      ['nested metadata', { metadata: [{ a: { b: 1 } }, null] }],
      ['a fraction spelled in another way', { metadata: [{ a: { n: '0.50' } }, null] }],
      ['a whole number as a fraction', { metadata: [{ a: { n: '1' } }, null] }],
      ['a key of metadata that begins with $', { metadata: [{ $a: 1 }, null] }],
      ['null in a list of metadata', { metadata: [{ a: [null] }, null] }],
      ['bytes in metadata', { metadata: [{ a: Uint8Array.of(1) }, null] }],
      [
        '65 keys of metadata',
        { metadata: [Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])), null] },
      ],
      ['a hash of 31 bytes', { input_reference: [{ ...reference[0], hash: new Uint8Array(31) }, reference[1]] }],
    ].map(([rule, change]) => [rule, 'kind.malformed', of('embedding/1 f32', change)]),
    ...['space', 'embedding', 'input_type', 'input_reference'].map((key) => [
      `without ${key}`,
      'kind.malformed',
      without('embedding/1 f32', key),
    ]),
    ['dtype f64', 'kind.malformed', of('embedding/1 f32', { embedding: { dtype: 'f64', rows: 2, bytes } })],
    [
      'no rows',
      'kind.malformed',
      of('embedding/1 f32', {
        embedding: { dtype: 'f32', rows: 0, bytes: new Uint8Array(0) },
        input_reference: [],
        texts: [],
      }),
    ],
    [
      '1025 rows',
      'kind.malformed',
      of('embedding/1 f32', {
        embedding: { dtype: 'f32', rows: 1025, bytes: new Uint8Array(1025 * 16) },
        input_reference: Array(1025).fill(reference[1]),
        texts: Array(1025).fill(null),
      }),
    ],
    ['fewer references than rows', 'kind.malformed', of('embedding/1 f32', { input_reference: reference.slice(1) })],
    ['more texts than rows', 'kind.malformed', of('embedding/1 f32', { texts: ['a', 'b', 'c'] })],
    [
      'a hash of 31 bytes',
      'kind.malformed',
      of('embedding/1 f32', { input_reference: [{ ...reference[0], hash: new Uint8Array(31) }, reference[1]] }),
    ],
    [
      'a language that is none',
      'kind.malformed',
      of('embedding/1 f32', { input_reference: [{ ...reference[0], language: 'e!' }, reference[1]] }),
    ],
    ['input_type smell', 'kind.malformed', of('embedding/1 f32', { input_type: 'smell' })],
    [
      'space without endpoint',
      'space.malformed',
      of('embedding/1 f32', {
        space: Object.fromEntries(Object.entries(sampleSpace).filter(([key]) => key !== 'endpoint')),
      }),
    ],
    ['space with an unknown key', 'space.malformed', space({ colour: 'red' })],
    ['space with 0 dims', 'space.malformed', space({ dims: 0 })],
    ['space with 8193 dims', 'space.malformed', space({ dims: 8193 })],
    ['space with metric euclid', 'space.malformed', space({ metric: 'euclid' })],
    ['space with an empty model', 'space.malformed', space({ model: '' })],
    ['space with weights in capitals', 'space.malformed', space({ weights: 'A'.repeat(64) })],
    ['space as text', 'space.malformed', of('embedding/1 f32', { space: 'MiniLM' })],
    [
      'one byte short',
      'vector.malformed',
      of('embedding/1 f32', { embedding: { dtype: 'f32', rows: 2, bytes: bytes.slice(1) } }),
    ],
    ['dims that are not the space’s', 'vector.malformed', space({ dims: 5 })],
    ['b1 in a cosine space', 'vector.malformed', of('embedding/1 b1', { space: sampleSpace })],
    ['f32 in a hamming space', 'vector.malformed', space({ metric: 'hamming', normalized: false })],
    [
      'b1 with padding bits set',
      'vector.malformed',
      of('embedding/1 b1', { embedding: { dtype: 'b1', rows: 2, bytes: Uint8Array.of(0xf0, 0x01) } }),
    ],
    ['NaN', 'vector.not_finite', row([NaN, 0, 0, 0])],
    ['infinity', 'vector.not_finite', row([0, -Infinity, 0, 0])],
    ['i8 with a scale that is NaN', 'vector.not_finite', scaled('i8', NaN)],
    ['a zero row', 'vector.zero', row([0, 0, 0, 0])],
    ['a row of minus zeros', 'vector.zero', row([-0, -0, -0, -0])],
    ['i8 with scale 0', 'vector.zero', scaled('i8', 0)],
    ['f32 row of length 1.01', 'vector.not_unit', row([1.01, 0, 0, 0])],
    ['f32 row of length 0.99', 'vector.not_unit', row([0.99, 0, 0, 0])],
    ['i8 row of length 1.05', 'vector.not_unit', scaled('i8', 1.05)],
    ['retract with an unknown field', 'kind.malformed', of('retract/1', { target: 'x' })],
    ['retract with a reason of 1025 bytes', 'kind.malformed', of('retract/1', { reason: 'x'.repeat(1025) })],
    [
      'rotate to and from at once',
      'kind.malformed',
      of('rotate/1 to', { from: drafts.get('rotate/1 from').body.from }),
    ],
    ['rotate with neither', 'kind.malformed', without('rotate/1 to', 'to')],
    ['rotate to what is no key', 'kind.malformed', of('rotate/1 to', { to: 'did:key:z' })],
    ['receipt for nothing', 'kind.malformed', receipt(f32, [])],
    ['receipt for what is yet to come', 'kind.malformed', receipt(f32, [seen(1, f32.header.timestamp + 1)])],
    ['receipt that names a block twice', 'kind.malformed', receipt(f32, [seen(1, 5), seen(1, 6)])],
    ['receipt without a time', 'kind.malformed', receipt(f32, [{ block: seen(1, 5).block }])],
    ['attestation whose word is not what its cosine says', 'kind.malformed', attest(f32, { agrees: false })],
    ['attestation of two blocks', 'kind.malformed', attest(f32, {}, ['attests', 'attests'])],
    ['attestation of nothing', 'kind.malformed', attest(f32, {}, ['cites'])],
    ['collection without a space', 'kind.malformed', collection(f32, { space: undefined })],
    ['collection in a space of no dims', 'space.malformed', collection(f32, { space: { ...f32.body.space, dims: 0 } })],
    ['collection with a control character', 'kind.malformed', collection(f32, { collection: 'a\nb' })],
    ['collection with empty metadata', 'kind.malformed', collection(f32, { metadata: {} })],
    ['collection with an unknown field', 'kind.malformed', collection(f32, { owner: 'x' })],
    ['translator into its own space', 'kind.malformed', translator(f32, { to: f32.body.space })],
    ['translator whose matrix has NaN', 'kind.malformed', translator(f32, { linear: f32Rows(4, 2, NaN) })],
    ['translator whose matrix has 1e30', 'kind.malformed', translator(f32, { linear: f32Rows(4, 2, 1e30) })],
    ['translator whose matrix has a row too few', 'kind.malformed', translator(f32, { linear: f32Rows(3, 2, 1) })],
    ['translator by a kernel without one', 'kind.malformed', translator(f32, { method: 'rbf', linear: null })],
    [
      'translator without references',
      'kind.malformed',
      translator(f32, { anchors: { references: new Uint8Array(32) } }),
    ],
    ['sealed body that is no age file', 'kind.malformed', of('sealed/1', { age: Uint8Array.of(1, 2, 3) })],
    ['sealed within sealed', 'kind.malformed', of('sealed/1', { inner_kind: 'sealed/1' })],
    ['sealed without inner_kind', 'kind.malformed', without('sealed/1', 'inner_kind')],
  ];
}

const seen = (n, at) => ({ block: cidOf(DAG_CBOR, sha256(utf8(`seen ${n}`))), at });

function receipt(from, blocks) {
  const { salt, tags, linked_blocks } = from.body;
  return signBlock({
    ...from,
    header: { ...from.header, kind: 'receipt/1' },
    body: { salt, tags, linked_blocks, seen: blocks },
  });
}

function attest(from, change, rels = ['attests']) {
  const { salt, tags, linked_blocks } = from.body;
  const says = { agrees: true, cosine_e6: 999_998, tolerance_e6: 980_000, rows: 2, runtime: 'an embedder 1.0' };
  return signBlock({
    ...from,
    header: { ...from.header, kind: 'attest/1', refs: rels.map((rel) => ({ rel, id: someCid })) },
    body: { salt, tags, linked_blocks, ...says, ...change },
  });
}

function collection(from, change) {
  const { salt, tags, linked_blocks, space } = from.body;
  const body = { salt, tags, linked_blocks, collection: 'kilns', space, ...change };
  for (const key of Object.keys(body)) if (body[key] === undefined) delete body[key];
  return signBlock({ ...from, header: { ...from.header, kind: 'collection/1' }, body });
}

function f32Rows(rows, dims, value) {
  const view = new DataView(new ArrayBuffer(4 * rows * dims));
  for (let i = 0; i < rows * dims; i++) view.setFloat32(4 * i, value, true);
  return { dtype: 'f32', rows, bytes: new Uint8Array(view.buffer) };
}

/** From the sample space of four numbers into one of two, with two anchors and one text held out. */
function translator(from, change) {
  const { salt, tags, linked_blocks, space } = from.body;
  const measured = { n: 1, recall_e6: 500_000, cosine_e6: 900_000, agreement_e6: 800_000 };
  const reference = (n) => sha256(utf8(`text ${n}`));
  const fields = {
    from: space,
    to: { ...space, model: 'another', dims: 2 },
    method: 'procrustes',
    center_from: f32Rows(1, 4, 0).bytes,
    center_to: f32Rows(1, 2, 0).bytes,
    linear: f32Rows(4, 2, 0.5),
    kernel: null,
    anchors: {
      n: 2,
      references: new Uint8Array([...reference(1), ...reference(2)]),
      root: sha256(utf8('root')),
      from: f32Rows(2, 4, 0.5),
      to: f32Rows(2, 2, 0.5),
      ...change.anchors,
    },
    held_out: { references: reference(3), from: f32Rows(1, 4, 0.5), to: f32Rows(1, 2, 0.5) },
    quality: measured,
    domains: [{ name: 'kilns', ...measured }],
    nearness: { near_e6: 400_000, agreement_e6: 800_000, slope_e6: 300_000, hits_e6: 500_000 },
  };
  const body = { ...fields, ...change, anchors: fields.anchors };
  return signBlock({
    ...from,
    header: { ...from.header, kind: 'translator/1' },
    body: { salt, tags, linked_blocks, ...body },
  });
}

/** [rule, wire bytes] of sound blocks at their limits. */
export function validBlocks(stamp) {
  const drafts = new Map(sampleDrafts(stamp).map((draft) => [draft.name, draft]));
  const base = drafts.get('embedding/1 f16');
  const header = (change) => signBlock({ ...base, header: { ...base.header, ...change } });
  const of = (name, change) => signBlock({ ...drafts.get(name), body: { ...drafts.get(name).body, ...change } });
  const at = (timeMs) => header({ timestamp: timeMs, cosmic_signature: stamp({ timeMs }) });
  const nested = (levels) => Array.from({ length: levels }).reduce((inner) => [inner], 1);
  const scaledRow = (x) => {
    const view = new DataView(new ArrayBuffer(16));
    view.setFloat32(0, x, true);
    return of('embedding/1 f32', {
      embedding: { dtype: 'f32', rows: 1, bytes: new Uint8Array(view.buffer) },
      input_reference: [drafts.get('embedding/1 f32').body.input_reference[1]],
      texts: [null],
    });
  };
  return [
    ...[...drafts].map(([name, draft]) => [name, signBlock(draft)]),
    ['receipt/1', receipt(base, [seen(1, base.header.timestamp), seen(2, 0)])],
    [
      'receipt for 1,024 blocks',
      receipt(
        base,
        Array.from({ length: 1024 }, (_, n) => seen(n, n)),
      ),
    ],
    ['attest/1', attest(drafts.get('embedding/1 f32'), {})],
    [
      'collection/1',
      collection(drafts.get('embedding/1 f32'), { title: 'Kilns', metadata: { year: 2026, share: { n: '0.5' } } }),
    ],
    ['translator/1', translator(drafts.get('embedding/1 f32'), {})],
    ['timestamp 0', at(0)],
    ['last millisecond of 2099', at(Date.UTC(2100, 0, 1) - 1)],
    ['16 refs', header({ refs: Array(16).fill({ rel: 'cites', id: someCid }) })],
    ['rel of 64 bytes', header({ refs: [{ rel: 'r'.repeat(64), id: someCid }] })],
    ['prev of a version-1 block (raw)', header({ prev: cidOf(RAW, sha256(utf8('v1'))) })],
    [
      '64 tags, one of 128 bytes',
      of('embedding/1 f16', { tags: ['t'.repeat(128), ...Array.from({ length: 63 }, (_, i) => `t${i}`)] }),
    ],
    ['a tag of 42 characters and 126 bytes', of('embedding/1 f16', { tags: ['⭐'.repeat(42)] })],
    ['256 links', of('embedding/1 f16', { linked_blocks: Array(256).fill({ rel: 'cites', id: someCid }) })],
    ['nested 16 deep', of('unknown kind', { deep: nested(15) })],
    ['kind of 128 bytes', header({ kind: `${'k'.repeat(126)}/1` })],
    ['integers at ±(2^53−1)', of('unknown kind', { most: 2 ** 53 - 1, least: -(2 ** 53 - 1) })],
    ['a key named __proto__', of('unknown kind', JSON.parse('{"__proto__": 1}'))],
    [
      'coarsened place',
      (() => {
        const place = { lat: 48_000_000, lon: 12_000_000, elevation: 1_000_000, grid: 1_000_000 };
        return header({ observer_location: place, cosmic_signature: stamp({ timeMs: base.header.timestamp, place }) });
      })(),
    ],
    [
      'collection, own id and metadata, at their bounds',
      of('embedding/1 f32', {
        collection: 'c'.repeat(128),
        document: '⭐'.repeat(170) + 'xx',
        metadata: [
          Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`${i}`.padStart(128, 'k'), i])),
          { a: { n: '1e-7' }, b: [1, '1', true, { n: '-0.5' }], c: null, d: 'x'.repeat(4096), __proto_: false },
        ],
      }),
    ],
    [
      'a row whose input nobody hashed',
      of('embedding/1 f32', {
        input_reference: drafts.get('embedding/1 f32').body.input_reference.map((one) => ({ ...one, hash: null })),
      }),
    ],
    ['f32 row of length 1.0009', scaledRow(1.0009)],
    ['f32 row of length 0.9991', scaledRow(0.9991)],
    [
      'retract without a reason',
      signBlock({ ...drafts.get('retract/1'), body: { salt: base.body.salt, tags: [], linked_blocks: [] } }),
    ],
  ];
}
