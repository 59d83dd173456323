/**
 * Writes specs/vectors/{block,json-form,identity,codec,space,sealed}.json after a build. What is frozen stays: a file that
 * exists is written again only with --anew, which no release after 1.0.0 may use.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  checkBlock,
  corePlugins,
  createBlock,
  createRegistry,
  decode,
  didOf,
  encode,
  float32Text,
  fromHex,
  packRows,
  publicKeyOf,
  sha256,
  sign,
  signerOfSeed,
  spaceIdOf,
  toBase64,
  toDagJson,
  toHex,
  toJson,
  utf8,
  verify,
  knownSpaces,
  nameCid,
} from '../../sdk/dist/index.js';
import { createSky } from '../../sdk/dist/sky/index.js';
import { newAgeKey, openSealed, sealFields } from '../../sdk/dist/sealed/index.js';
import { sampleEmbedding, sampleSpace, sampleTimeMs } from '../../sdk/dist/testing/index.js';
import { inertBlocks, invalidBlocks, validBlocks } from './cases.mjs';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'specs', 'vectors');
const anew = process.argv.includes('--anew');
const sky = createSky();
const stamp = (at) => sky.stamp(at);
const registry = createRegistry(corePlugins);
const checks = { network: 'dev', registry, verify, sha256, sky };

function write(name, what, content) {
  const path = join(folder, `${name}.json`);
  if (existsSync(path) && !anew) return console.log(`${name}: kept`);
  writeFileSync(path, `${JSON.stringify({ what, ...content }, null, 1)}\n`);
  console.log(`${name}: written`);
}

const inspect = (wire) => {
  const checked = checkBlock(wire, checks);
  if (checked.status === 'rejected') return { code: checked.code, detail: checked.detail };
  return checked;
};

function blockVectors() {
  const valid = validBlocks(stamp).map(([rule, wire]) => {
    const checked = inspect(wire);
    if (checked.status !== 'checked') throw new Error(`${rule}: ${checked.code} ${checked.detail}`);
    if (checked.entry.inert !== undefined && checked.entry.inert.code !== 'kind.unknown')
      throw new Error(`${rule}: inert ${checked.entry.inert.detail}`);
    const { kind, author, timeMs, rows, space } = checked.entry;
    return {
      rule,
      wire: toBase64(wire),
      id: checked.id,
      kind,
      author,
      timeMs,
      header_only: checked.headerOnly,
      rows,
      ...(space === undefined ? {} : { space }),
    };
  });
  const invalid = invalidBlocks(stamp).map(([rule, code, wire]) => {
    const got = inspect(wire);
    if (got.code !== code) throw new Error(`${rule}: expected ${code}, got ${got.code ?? 'valid'} ${got.detail ?? ''}`);
    return { rule, code, wire: toBase64(wire) };
  });
  const inert = inertBlocks(stamp).map(([rule, code, wire]) => {
    const got = inspect(wire);
    if (got.entry?.inert?.code !== code)
      throw new Error(
        `${rule}: expected inert ${code}, got ${got.code ?? got.entry.inert?.code ?? 'active'} ${got.detail ?? got.entry?.inert?.detail ?? ''}`,
      );
    return { rule, code, id: got.id, wire: toBase64(wire) };
  });
  write(
    'block',
    'Whole blocks in base64, judged on the network `dev`. valid: accepted; invalid: refused with the code; inert: accepted, but neither indexed nor folded, for the code.',
    { network: 'dev', valid, invalid, inert },
  );
}

function jsonVectors() {
  const forms = validBlocks(stamp).map(([rule, wire]) => ({ rule, wire: toBase64(wire), json: toJson(wire) }));
  const json = JSON.parse(forms[0].json);
  const plain = (change) => JSON.stringify({ ...json, ...change });
  const respelled = [
    ['keys reversed, indented', JSON.stringify(Object.fromEntries(Object.entries(json).reverse()), null, 2)],
    [
      'without id, body and body_bytes',
      JSON.stringify(
        Object.fromEntries(Object.entries(json).filter(([key]) => !['id', 'body', 'body_bytes'].includes(key))),
      ),
    ],
    [
      'every float with 17 digits',
      forms[0].json.replace(/-?0\.\d+/g, (text) => Math.fround(Number(text)).toPrecision(17)),
    ],
    ['escaped letters', forms[0].json.replace('embedding/1', '\\u0065mbedding\\/1')],
  ].map(([rule, text]) => ({ rule, json: text, wire: forms[0].wire }));
  const invalid = [
    ['no JSON', '{', 'block.malformed'],
    ['a list', '[]', 'block.malformed'],
    ['a key twice', forms[0].json.replace('{', '{"version":2,'), 'block.malformed'],
    ['a lone surrogate', plain({}).replace('example"', '\\ud800"'), 'block.malformed'],
    ['no signature', plain({ signature: undefined }), 'block.unsigned'],
    ['signature in base64url', plain({ signature: `${'_'.repeat(86)}==` }), 'block.bad_envelope'],
    ['signature of 63 bytes', plain({ signature: 'A'.repeat(84) }), 'block.bad_envelope'],
    ['another id', plain({ id: 'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua' }), 'block.malformed'],
    [
      'another body',
      plain({ body: 'bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua' }),
      'block.body_mismatch',
    ],
    ['timestamp with a fraction', plain({ timestamp: 1.5 }), 'block.bad_header'],
    ['timestamp with an exponent', forms[0].json.replace(/"timestamp":\d+/, '"timestamp":1.7e12'), 'block.bad_header'],
    ['version 3', plain({ version: 3 }), 'block.unknown_version'],
    ['an unknown key', plain({ note: 1 }), 'block.bad_body'],
    ['vectors left out', toJson(validBlocks(stamp)[0][1], { vectors: 'none' }), 'block.bad_body'],
    ['salt missing', plain({ salt: undefined }), 'block.bad_body'],
    ['a float beyond float32', forms[0].json.replace(/"values":\[\[-?[\d.e-]+/, '"values":[[1e39'), 'block.bad_body'],
  ].map(([rule, text, code]) => ({ rule, json: text, code }));
  const floats = [
    '00000000',
    '80000000',
    '3dcccccd',
    'bf800000',
    '00000001',
    '007fffff',
    '00800000',
    '7f7fffff',
    '4b800000',
    '29800000',
    '3f7fffff',
    '33d6bf95',
    '501502f9',
  ].map((hex) => ({ bits: hex, text: float32Text(new DataView(fromHex(hex).buffer).getFloat32(0)) }));
  write(
    'json-form',
    'forms: wire (base64) and its JSON form, as printed. respelled: other texts for the same bytes. invalid: texts that are refused. floats: big-endian bits of a float32 and how it is printed.',
    { forms, respelled, invalid, floats },
  );
}

function identityVectors() {
  const seeds = ['00'.repeat(32), '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'ff'.repeat(32)];
  const keys = seeds.map((seed) => {
    const publicKey = publicKeyOf(fromHex(seed));
    const did = didOf(publicKey);
    return {
      seed,
      public_key: toHex(publicKey),
      did,
      name: nameCid(did),
      message: toHex(utf8('cosmic')),
      signature: toHex(sign(utf8('cosmic'), fromHex(seed))),
    };
  });
  const did = keys[0].did;
  const invalid = [
    '',
    'did:key:',
    did.replace('key', 'web'),
    `${did}#x`,
    `${did} `,
    did.replace(':z', ':m'),
    did.slice(0, -2),
    did.replace(':z', ':z1'),
    'did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F',
    did.slice(0, -1) + '0',
  ];
  // Points with a part of order 8, and the other places in which libraries differ.
  const rule = JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'ed25519-rule.json'), 'utf8'));
  for (const one of rule)
    if (verify(fromHex(one.signature), utf8(one.message), fromHex(one.public_key)) !== one.valid)
      throw new Error(one.rule);
  write(
    'identity',
    'keys: seed → public key → did:key → name CID, with a signature of `message` (hex). invalid: texts that are no identity. ed25519: signatures on which libraries differ; message is UTF-8 text.',
    { keys, invalid, ed25519: rule },
  );
}

function codecVectors() {
  const valid = [
    '00',
    '17',
    '1818',
    '1903e8',
    '1a000186a0',
    '1b001fffffffffffff',
    '20',
    '3b001ffffffffffffe',
    '40',
    '4401020304',
    '60',
    '6161',
    '63e6b0b4',
    '80',
    '83010203',
    'a0',
    'a26161016162820203',
    'a261620161616102',
    'f4',
    'f5',
    'f6',
    'a2617a0062616101',
    '81'.repeat(16) + '00',
    'd82a582500017112200000000000000000000000000000000000000000000000000000000000000000',
  ].flatMap((hex) => {
    try {
      const value = decode(fromHex(hex));
      if (toHex(encode(value)) !== hex) throw new Error(hex);
      return [{ hex, value: toDagJson(value) }];
    } catch (error) {
      if (hex !== 'a261620161616102') throw error;
      return [];
    }
  });
  const invalid = [
    ['1817', 'head not in shortest form'],
    ['1900ff', 'head not in shortest form'],
    ['1b00000000ffffffff', 'head not in shortest form'],
    ['5803010203', 'length not in shortest form'],
    ['1b0020000000000000', 'above 2^53−1'],
    ['3b001fffffffffffff', 'below −(2^53−1)'],
    ['1bffffffffffffffff', 'above 2^53−1'],
    ['f93c00', 'float'],
    ['fa3f800000', 'float'],
    ['fb3ff0000000000000', 'float'],
    ['f97e00', 'NaN'],
    ['f7', 'undefined'],
    ['e0', 'simple value'],
    ['f820', 'simple value'],
    ['f818', 'simple value'],
    ['5f4101ff', 'indefinite length'],
    ['7f6161ff', 'indefinite length'],
    ['9f01ff', 'indefinite length'],
    ['bf616101ff', 'indefinite length'],
    ['1c', 'reserved head'],
    ['ff', 'break'],
    ['a2616101616102', 'key twice'],
    ['a2616201616101', 'keys out of order'],
    ['a262616101617a00', 'keys out of order (length first)'],
    ['a10101', 'integer key'],
    ['a1416101', 'byte string key'],
    ['c11a514b67b0', 'tag 1'],
    ['d82a00', 'tag 42 on no bytes'],
    ['d82a4100', 'tag 42 on no CID'],
    ['d82a582501017112200000000000000000000000000000000000000000000000000000000000000000', 'CID without its zero byte'],
    ['d9002a4100', 'tag not in shortest form'],
    ['62c328', 'not UTF-8'],
    ['63eda080', 'surrogate in UTF-8'],
    ['62c080', 'overlong UTF-8'],
    ['', 'nothing'],
    ['0000', 'two items'],
    ['6261', 'cut short'],
    ['9b001fffffffffffff', 'longer than the input'],
    ['81'.repeat(17) + '00', 'nested 17 deep'],
  ].map(([hex, why]) => {
    try {
      decode(fromHex(hex));
    } catch {
      return { hex, why };
    }
    throw new Error(`${why}: decoded`);
  });
  write(
    'codec',
    'valid: CBOR items inside the profile with their value in DAG-JSON; encoding the value gives the bytes. invalid: what a decoder must refuse.',
    { valid, invalid },
  );
}

function spaceVectors() {
  const ids = [{ name: 'example', space: sampleSpace }, ...knownSpaces].map(({ name, space }) => ({
    name,
    space,
    cbor: toHex(encode(space)),
    id: spaceIdOf(space),
  }));
  const rows = [
    [0.6, 0.8, 0, -0.25],
    [0.5, -0.5, 0.5, -0.5],
    [1e-3, 0.999, -0.02, 0.03],
  ].flatMap((values) =>
    ['f32', 'f16', 'i8', 'b1'].map((dtype) => ({
      values,
      dtype,
      bytes: toHex(packRows([Float32Array.from(values)], dtype).bytes),
    })),
  );
  write(
    'space',
    'ids: descriptor, its DAG-CBOR and its id. rows: numbers (taken as float32) and the bytes they are stored as.',
    { ids, rows },
  );
}

async function sealedVectors() {
  if (existsSync(join(folder, 'sealed.json')) && !anew) return console.log('sealed: kept');
  const seed = sha256(utf8('sample author 0'));
  const did = didOf(publicKeyOf(seed));
  const { identity, recipient } = await newAgeKey();
  const author = {
    signer: signerOfSeed(seed),
    network: 'dev',
    registry,
    sky,
    salt: () => sha256(utf8('salt')).slice(0, 16),
  };
  const secret = {
    kind: 'embedding/1',
    fields: sampleEmbedding('f32', 5),
    tags: ['private'],
    salt: sha256(utf8('inner salt')).slice(0, 16),
  };
  const make = async (fields, by = author) =>
    (await createBlock({ kind: 'sealed/1', fields, timeMs: sampleTimeMs }, by)).wire;
  const fields = await sealFields(secret, did, registry, { recipients: [recipient] });
  const passworded = await sealFields(secret, did, registry, { passphrase: 'look up', workFactor: 12 });
  const stranger = { ...author, signer: signerOfSeed(sha256(utf8('another author'))) };
  const cases = [
    ['sealed to a recipient', await make(fields), 'opened'],
    ['sealed with a passphrase', await make(passworded), 'opened'],
    ['re-published by a stranger', await make(fields, stranger), 'sealed.mismatch'],
    ['published as another kind', await make({ ...fields, inner_kind: 'retract/1' }), 'sealed.mismatch'],
    [
      'sealed to somebody else',
      await make(await sealFields(secret, did, registry, { recipients: [(await newAgeKey()).recipient] })),
      'sealed.locked',
    ],
  ];
  const out = [];
  for (const [rule, wire, expected] of cases) {
    const got = await openSealed(wire, { identities: [identity], passphrases: ['look up'] }, registry);
    if ((got.code ?? got.status) !== expected) throw new Error(`${rule}: ${got.code} ${got.detail}`);
    out.push({ rule, wire: toBase64(wire), verdict: expected });
  }
  write(
    'sealed',
    'Sealed blocks for one X25519 identity and one passphrase. A block that is opened holds `inner` (DAG-JSON of the inner body).',
    {
      identity,
      recipient,
      passphrase: 'look up',
      inner: toDagJson({ ...secret.fields, salt: secret.salt, tags: secret.tags, linked_blocks: [] }),
      blocks: out,
    },
  );
}

blockVectors();
jsonVectors();
identityVectors();
codecVectors();
spaceVectors();
await sealedVectors();
