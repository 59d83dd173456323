import { toJson, fromJson } from '../block/json.js';
import { openBlock, type Checks } from '../block/check.js';
import { signedBytes, writeEnvelope } from '../block/envelope.js';
import { concatBytes, equalBytes, toHex } from '../bytes.js';
import { cidOf, DAG_CBOR } from '../codec/cid.js';
import { decode } from '../codec/decode.js';
import { encode } from '../codec/encode.js';
import type { Value, ValueMap } from '../codec/value.js';
import { didOf } from '../crypto/identity.js';
import { checkAny } from '../formats/index.js';
import { mutateValue, pick, tweakBytes, type Random } from './mutate.js';
import { sampleDrafts, samplePlace, type Sample, type Stamp } from './sample-blocks.js';

/** Ed25519 of the host: the fuzzer signs a million blocks. */
export interface FastSigner {
  publicKey(seed: Uint8Array): Uint8Array;
  sign(message: Uint8Array, seed: Uint8Array): Uint8Array;
}

export interface FuzzOptions {
  readonly checks: Checks;
  readonly stamp: Stamp;
  readonly signer: FastSigner;
  /** ms; a case that takes longer than `caseMaxMs` is a fault. */
  now(): number;
  readonly caseMaxMs?: number;
}

export interface FuzzReport {
  readonly cases: number;
  /** Cases whose decoded structure was changed and that were signed with a valid key. */
  readonly signed: number;
  /** By code; `valid` and `inert:code` among them. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** What must never happen; empty. */
  readonly faults: readonly string[];
}

/** Sends `cases` mutated blocks and JSON texts through the checks, and looks at what comes out. Repeatable for one `random`. */
export function fuzz(cases: number, random: Random, options: FuzzOptions): FuzzReport {
  const outcomes: Record<string, number> = {};
  const faults: string[] = [];
  const pool = Array.from({ length: 8 }, (_, variant) => sampleDrafts(options.stamp, variant)).flat();
  const forge = createForge(options);
  let signed = 0;
  let slowestMs = 0;
  for (let i = 0; i < cases && faults.length < 20; i++) {
    const sample = pick(random, pool);
    const made = makeCase(sample, random, forge);
    if (made.signed) signed++;
    const startedMs = options.now();
    const outcome = tryCase(made, options, faults);
    const tookMs = options.now() - startedMs;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > (options.caseMaxMs ?? 2000)) faults.push(`${made.how}: took ${tookMs} ms`);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return { cases, signed, outcomes, slowestMs, faults };
}

interface Case {
  readonly how: string;
  readonly wire?: Uint8Array;
  readonly json?: string;
  readonly signed: boolean;
}

interface Forge {
  wire(sample: Sample, header: Value, body: Value | Uint8Array | null): Uint8Array;
  readonly stamp: Stamp;
}

function createForge({ signer, stamp, checks }: FuzzOptions): Forge {
  const names = new Map<string, string>();
  const didOfSeed = (seed: Uint8Array): string => {
    const key = toHex(seed);
    const known = names.get(key) ?? didOf(signer.publicKey(seed));
    names.set(key, known);
    return known;
  };
  return {
    stamp,
    wire({ seed, network }, header, body) {
      const bodyBytes = body === null ? undefined : body instanceof Uint8Array ? body : encode(body);
      const filled: Record<string, Value> = { created_by: didOfSeed(seed) };
      if (bodyBytes !== undefined)
        Object.assign(filled, { body: cidOf(DAG_CBOR, checks.sha256(bodyBytes)), body_bytes: bodyBytes.length });
      const headerBytes =
        header instanceof Uint8Array ? header : encode(isPlain(header) ? { ...filled, ...header } : header);
      const limited = headerBytes.length > 60_000 ? headerBytes.subarray(0, 60_000) : headerBytes;
      return concatBytes(
        writeEnvelope(limited, signer.sign(signedBytes(limited, network), seed)),
        bodyBytes ?? Uint8Array.of(0xf6),
      );
    },
  };
}

function isPlain(value: Value): value is ValueMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  );
}

function makeCase(sample: Sample, random: Random, forge: Forge): Case {
  const way = random(20);
  if (way < 12) {
    const [how, header, body] = structural(sample, random, forge);
    return { how: `${sample.name}: ${how}`, wire: forge.wire(sample, header, body), signed: true };
  }
  const wire = forge.wire(sample, sample.header, sample.body);
  if (way < 16) return { how: `${sample.name}: bytes`, wire: bentBytes(wire, random), signed: false };
  if (way < 18) return { how: `${sample.name}: JSON text`, json: bentText(toJson(wire), random), signed: false };
  return { how: `${sample.name}: JSON structure`, json: bentJson(toJson(wire), random), signed: false };
}

/** A change of the decoded block, signed afterwards; some aimed at codes that blind changes seldom reach. */
function structural(
  { header, body, name }: Sample,
  random: Random,
  forge: Forge,
): readonly [string, Value, Value | null] {
  const with_ = (change: ValueMap): ValueMap => ({ ...header, ...change });
  const time = header['timestamp'] as number;
  const embedding = body?.['embedding'] as ValueMap | undefined;
  switch (random(16)) {
    case 0:
    case 1:
      return ['header', mutateValue(header, random), body];
    case 2:
      return ['version', with_({ version: pick(random, [0, 1, 3, 4, -2, 2 ** 40]) }), body];
    case 3:
      return [
        'name',
        with_({
          created_by: pick(random, [
            '',
            'did:key:z',
            'did:key:z6MkX',
            'did:web:example.org',
            `${'did:key:z6Mk'}${'1'.repeat(44)}`,
          ]),
        }),
        body,
      ];
    case 4:
      return [
        'time',
        with_({
          timestamp: pick(random, [
            4_102_444_800_000,
            4_102_444_800_000 + random(1e6),
            2 ** 53 - 1,
            time + 3_600_000,
            time - random(1e9),
          ]),
        }),
        body,
      ];
    case 5:
      return ['place', with_({ observer_location: mutateValue(samplePlace, random) }), body];
    case 6:
      return ['stamp', with_({ cosmic_signature: mutateValue(header['cosmic_signature']!, random) }), body];
    case 7: {
      const stamp = forge.stamp({ timeMs: time + 600_000 + random(1e8) }) as ValueMap;
      const { observer_location: _place, ...rest } = header;
      return ['another moment’s stamp', { ...rest, cosmic_signature: stamp }, body];
    }
    case 8:
      return ['long header', with_({ cosmic_signature: 'x'.repeat(4000 + random(1000)) }), body];
    case 9:
    case 10:
    case 11:
      if (embedding !== undefined)
        return [
          `rows of ${name}`,
          header,
          { ...body, embedding: { ...embedding, bytes: bentRows(embedding, random) } },
        ];
      return ['body', header, body === null ? null : mutateValue(body, random)];
    case 12:
      if (body?.['space'] !== undefined)
        return ['space', header, { ...body, space: mutateValue(body['space'], random) }];
      return ['body', header, body === null ? null : mutateValue(body, random)];
    case 13: {
      const key = pick(random, ['salt', 'tags', 'linked_blocks']);
      return [key, header, body === null ? null : { ...body, [key]: mutateValue(body[key]!, random) }];
    }
    case 14:
      return [
        'body of another',
        with_({
          body: cidOf(
            DAG_CBOR,
            Uint8Array.from({ length: 32 }, () => random(256)),
          ),
        }),
        body,
      ];
    default:
      return ['body', header, body === null ? null : mutateValue(body, random)];
  }
}

function bentRows({ dtype, bytes: stored }: ValueMap, random: Random): Uint8Array {
  const bytes = (stored as Uint8Array).slice();
  const view = new DataView(bytes.buffer);
  const float = (value: number): Uint8Array => {
    if (dtype === 'f32' || dtype === 'i8') view.setFloat32(0, value, true);
    else if (dtype === 'f16') view.setUint16(0, Number.isNaN(value) ? 0x7e00 : 0x7c00, true);
    else bytes[random(bytes.length)]! ^= 0xff;
    return bytes;
  };
  switch (random(6)) {
    case 0:
      return float(NaN);
    case 1:
      return float(pick(random, [Infinity, -Infinity]));
    case 2:
      return bytes.fill(0);
    case 3:
      return float(pick(random, [1.5, 0.001, 1e30, 1e-40]));
    default:
      return tweakBytes(bytes, random);
  }
}

function bentBytes(wire: Uint8Array, random: Random): Uint8Array {
  switch (random(5)) {
    case 0:
      return wire.slice(0, random(wire.length));
    case 1:
      return concatBytes(wire, Uint8Array.of(random(256)));
    case 2: {
      // the envelope’s own bytes, which a blind change seldom meets
      const bent = wire.slice();
      bent[random(10)]! ^= 1 << random(8);
      return bent;
    }
    case 3: {
      const at = random(wire.length);
      return concatBytes(
        wire.subarray(0, at),
        Uint8Array.from({ length: random(4) }, () => random(256)),
        wire.subarray(at + random(4)),
      );
    }
    default: {
      const bent = wire.slice();
      for (let i = random(3); i >= 0; i--) bent[random(bent.length)] = random(256);
      return bent;
    }
  }
}

function bentText(text: string, random: Random): string {
  const at = random(text.length);
  const put = pick(random, [
    '',
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\\',
    '\\u0000',
    '\\ud83d',
    '0',
    '-',
    '.',
    'e9',
    'null',
    '\n',
    '⭐',
  ]);
  return text.slice(0, at) + put + text.slice(at + random(3));
}

/** A change of the parsed object, written again. */
function bentJson(text: string, random: Random): string {
  const json = JSON.parse(text) as Record<string, unknown>;
  const keys = Object.keys(json);
  const key = pick(random, keys);
  switch (random(5)) {
    case 0:
      delete json[key];
      break;
    case 1:
      delete json['signature'];
      break;
    case 2:
      json[key] = pick<unknown>(random, [
        null,
        true,
        1.5,
        -1,
        '',
        'x',
        [],
        {},
        [[[]]],
        { '/': 'bafy' },
        { '/': { bytes: '!' } },
        1e300,
      ]);
      break;
    case 3:
      json[pick(random, ['note', '__proto__x', '/', 'fields'])] = json[key];
      break;
    default:
      return text.replace(/\d+/g, (digits) => (random(30) === 0 ? String(random(1000)) : digits));
  }
  return JSON.stringify(json);
}

/** The outcome of one case; whatever must never happen goes into `faults`. */
function tryCase(made: Case, options: FuzzOptions, faults: string[]): string {
  const fault = (what: string): void => {
    faults.push(`${made.how}: ${what}: ${made.json ?? toHex(made.wire ?? new Uint8Array(0)).slice(0, 4000)}`);
  };
  try {
    let { wire } = made;
    if (wire === undefined) {
      const read = fromJson(made.json!);
      if (!(read instanceof Uint8Array)) return read.code;
      wire = read;
      const again = fromJson(toJson(wire));
      if (!(again instanceof Uint8Array) || !equalBytes(again, wire)) fault('JSON does not come back');
    }
    const verdict = checkAny(wire, options.checks);
    if (verdict.status === 'rejected') return verdict.code;
    if (!reencodes(wire)) fault('accepted, but re-encoding differs');
    return verdict.entry.inert === undefined ? 'valid' : `inert:${verdict.entry.inert.code}`;
  } catch (error) {
    fault(`threw ${String(error)}`);
    return 'threw';
  }
}

function reencodes(wire: Uint8Array): boolean {
  if (wire[0] === 0x7b) return true;
  const opened = openBlock(wire);
  if (opened.status === 'rejected') return false;
  const { headerBytes, signature, body } = opened.block;
  const rebuilt = concatBytes(
    writeEnvelope(encode(decode(headerBytes)), signature),
    body === null ? Uint8Array.of(0xf6) : encode(decode(body)),
  );
  const json = fromJson(toJson(wire));
  return equalBytes(rebuilt, wire) && json instanceof Uint8Array && equalBytes(json, wire);
}
