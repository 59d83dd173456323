import { Cid, cidOf, DAG_CBOR, RAW } from '../codec/cid.js';
import { isMap, type Value, type ValueMap } from '../codec/value.js';

/** Uniform integers below `n`. */
export type Random = (n: number) => number;

/** Small repeatable generator (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random(items.length)]!;
}

const LIMITS = [
  0,
  1,
  -1,
  15,
  16,
  17,
  23,
  24,
  64,
  65,
  127,
  128,
  129,
  255,
  256,
  257,
  1024,
  1025,
  4096,
  8192,
  8193,
  65536,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  -(2 ** 53 - 1),
];
const TEXTS = [
  '',
  ' ',
  '0',
  '/',
  '__proto__',
  'constructor',
  'ä⭐',
  '\u0000',
  'embedding/1',
  'f32',
  'sky/1',
  'did:key:z6Mk',
  'rel',
  'x'.repeat(129),
];

/** A value with one random change somewhere inside; everything it gives can be encoded. */
export function mutateValue(value: Value, random: Random): Value {
  if (isMap(value) && random(8) > 0) return mutateMap(value, random);
  if (Array.isArray(value) && random(8) > 0) return mutateList(value as readonly Value[], random);
  switch (random(3)) {
    case 0:
      return anyValue(random);
    case 1:
      return tweak(value, random);
    default:
      return random(4) === 0 ? [value] : tweak(value, random);
  }
}

function mutateMap(map: ValueMap, random: Random): ValueMap {
  const keys = Object.keys(map);
  const key = keys.length === 0 ? '' : pick(random, keys);
  const rest = (): [string, Value][] => Object.entries(map).filter(([name]) => name !== key);
  switch (keys.length === 0 ? 4 : random(6)) {
    case 0:
      return Object.fromEntries(rest());
    case 1:
      return Object.fromEntries([...rest(), [`${key}${pick(random, ['_', 's', ' ', '2'])}`, map[key]!]]);
    case 4:
      return Object.fromEntries([...Object.entries(map), [pick(random, TEXTS), anyValue(random)]]);
    default:
      return Object.fromEntries([...rest(), [key, mutateValue(map[key]!, random)]]);
  }
}

function mutateList(list: readonly Value[], random: Random): Value {
  const at = random(Math.max(1, list.length));
  switch (list.length === 0 ? 1 : random(5)) {
    case 0:
      return list.filter((_, i) => i !== at);
    case 1:
      return [...list.slice(0, at), anyValue(random), ...list.slice(at)];
    case 2:
      return Array.from(
        { length: Math.min(300, list.length * pick(random, [2, 17, 65, 257])) },
        (_, i) => list[i % list.length]!,
      );
    default:
      return list.map((item, i) => (i === at ? mutateValue(item, random) : item));
  }
}

/** A neighbour of the same type. */
function tweak(value: Value, random: Random): Value {
  if (typeof value === 'number') {
    const next = pick(random, [value + 1, value - 1, -value, value * 2, value + 1_000_000, pick(random, LIMITS)]);
    return Number.isSafeInteger(next) ? next + 0 : 0;
  }
  if (typeof value === 'string') return tweakText(value, random);
  if (typeof value === 'boolean') return !value;
  if (value instanceof Uint8Array) return tweakBytes(value, random);
  if (value instanceof Cid) {
    const digest = value.bytes.slice(-32);
    digest[random(32)]! ^= 1 << random(8);
    return pick(random, [
      cidOf(DAG_CBOR, digest),
      cidOf(RAW, digest),
      new Cid(Uint8Array.of(1, 0x71, 0x11, 20, ...digest.slice(12))),
    ]);
  }
  return anyValue(random);
}

function tweakText(text: string, random: Random): string {
  const at = random(text.length + 1);
  // whole code points only: a lone surrogate cannot be encoded
  const [head, tail] = [[...text].slice(0, at), [...text].slice(at)];
  switch (random(5)) {
    case 0:
      return [...head, ...tail.slice(1)].join('');
    case 1:
      return [...head, pick(random, ['a', 'A', '0', ' ', '⭐', '\n', '/', '.']), ...tail].join('');
    case 2:
      return text
        .repeat(pick(random, [2, 20, 200]))
        .slice(0, 6000)
        .replace(/[\ud800-\udbff]$/, '');
    case 3:
      return text.toUpperCase();
    default:
      return pick(random, TEXTS);
  }
}

export function tweakBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = bytes.slice();
  if (changed.length > 0) changed[random(changed.length)]! ^= 1 << random(8);
  switch (random(4)) {
    case 0:
      return bytes.slice(0, random(bytes.length + 1));
    case 1:
      return Uint8Array.from([...bytes.slice(0, 400), random(256)]);
    default:
      return changed;
  }
}

export function anyValue(random: Random, depth = 0): Value {
  switch (random(depth > 3 ? 6 : 9)) {
    case 0:
      return null;
    case 1:
      return random(2) === 0;
    case 2:
      return pick(random, LIMITS);
    case 3:
      return pick(random, TEXTS);
    case 4:
      return Uint8Array.from({ length: pick(random, [0, 1, 16, 32, 64]) }, () => random(256));
    case 5:
      return cidOf(
        DAG_CBOR,
        Uint8Array.from({ length: 32 }, () => random(256)),
      );
    case 6:
      return Array.from({ length: random(3) }, () => anyValue(random, depth + 1));
    case 7:
      return Array.from({ length: pick(random, [14, 15, 16, 17]) }).reduce<Value>((inner) => [inner], 0);
    default:
      return Object.fromEntries(
        Array.from({ length: random(3) }, () => [pick(random, TEXTS), anyValue(random, depth + 1)]),
      );
  }
}
