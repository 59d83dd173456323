import type { MapHead as MapWords, MapLegend, MapRegion } from '@cosmicembeddings/sdk/api';
import type { Frame } from './file.js';
import { cellOf, type Hills } from './regions.js';
import type { PointBlock, Points } from './points.js';

/** What a map says beside its points (specs/map.md), as readers know it. */
export interface MapHead extends MapWords {
  readonly version: 1;
}

export interface Drawn {
  readonly frame: Frame;
  readonly hills: Hills | undefined;
  readonly words: readonly (readonly string[])[];
  isHidden(label: number): boolean;
}

const MAGIC = 'CEMAP001';
const CODES = 255;
/** Legends that are told by name; the others are all `other`. */
const NAMED = 24;
/** A tag of more than this part of all points tells nothing apart. */
const EVERYWHERE = 0.9;
const UNIT = 65_535;

/** Bytes of a map: magic, length of the head, head as JSON, then columns of all points one after another. */
export function packMap(
  head: Omit<MapHead, 'points' | 'tags' | 'authors' | 'models' | 'times' | 'regions'>,
  points: Points,
  drawn: Drawn,
): Uint8Array {
  const shown: number[] = [];
  for (let i = 0; i < points.size; i++) if (points.isPlaced(i) && !drawn.isHidden(points.labelAt(i))) shown.push(i);
  // In the order of the store: the same rows make the same bytes.
  shown.sort((a, b) => points.labelAt(a) - points.labelAt(b));
  const n = shown.length;
  const blocks = shown.map((i) => points.blockAt(i));
  const authors = legendOf(
    blocks.map(({ author }) => [author]),
    n,
  );
  const models = legendOf(
    blocks.map(({ space }) => [space]),
    n,
  );
  const tags = legendOf(
    blocks.map((block) => block.tags),
    n,
    EVERYWHERE,
  );
  let [from, to] = [Infinity, -Infinity];
  for (const { timeMs } of blocks) {
    if (timeMs < from) from = timeMs;
    if (timeMs > to) to = timeMs;
  }
  if (n === 0) [from, to] = [0, 0];
  const [xs, ys, labels] = [new Uint16Array(n), new Uint16Array(n), new Uint32Array(n)];
  const codes = Array.from({ length: 5 }, () => new Uint8Array(n));
  const regionTags = new Map<number, Map<string, number>>();
  shown.forEach((index, i) => {
    const block = blocks[i]!;
    const [x, y] = within(drawn.frame, points.xAt(index), points.yAt(index));
    xs[i] = Math.round(x * UNIT);
    ys[i] = Math.round(y * UNIT);
    labels[i] = points.labelAt(index);
    codes[0]![i] = tags.codeOf(block.tags);
    codes[1]![i] = authors.codeOf([block.author]);
    codes[2]![i] = models.codeOf([block.space]);
    codes[3]![i] = to > from ? Math.round(((block.timeMs - from) / (to - from)) * CODES) : 0;
    const region = drawn.hills?.cells[cellOf(x, y)] ?? 0;
    codes[4]![i] = region;
    if (region > 0) countTags(regionTags, region, block);
  });
  const people = new Uint32Array(256);
  for (const region of codes[4]!) people[region]!++;
  const regions = (drawn.hills?.tops ?? []).map(({ x, y }, i): MapRegion => {
    const counted = [...(regionTags.get(i + 1) ?? [])].sort(([, a], [, b]) => b - a);
    return {
      x: Math.round(x * UNIT),
      y: Math.round(y * UNIT),
      points: people[i + 1]!,
      words: drawn.words[i] ?? [],
      tags: counted
        .filter(([tag, of]) => of * 2 > people[i + 1]! && tags.isTelling(tag))
        .map(([tag]) => tag)
        .slice(0, 3),
    };
  });
  const whole: MapHead = {
    ...head,
    points: n,
    tags: tags.named,
    authors: authors.named,
    models: models.named,
    times: [from, to],
    regions,
  };
  return bytesOf(whole, [xs, ys, labels, ...codes]);
}

/** Where a place lies in the frame: each in [0, 1]. */
export function within({ x: x0, y: y0, size }: Frame, x: number, y: number): readonly [number, number] {
  const inside = (value: number): number => Math.min(1, Math.max(0, value));
  return [inside((x - x0) / size), inside((y - y0) / size)];
}

interface Coded {
  readonly named: readonly MapLegend[];
  codeOf(names: readonly string[]): number;
  isTelling(name: string): boolean;
}

/** Codes for the most frequent names. A point with several is of the one that most have. */
function legendOf(names: readonly (readonly string[])[], n: number, everywhere = 1): Coded {
  const counts = new Map<string, number>();
  for (const some of names) for (const name of some) counts.set(name, (counts.get(name) ?? 0) + 1);
  const isTelling = (name: string): boolean => (counts.get(name) ?? 0) <= everywhere * n || counts.size === 1;
  const ranked = [...counts]
    .filter(([name]) => isTelling(name))
    .sort(([a, na], [b, nb]) => nb - na || (a < b ? -1 : 1))
    .slice(0, NAMED);
  const codes = new Map(ranked.map(([name], i) => [name, i + 1]));
  const codeOf = (some: readonly string[]): number => {
    let best = 0;
    for (const name of some) {
      const code = codes.get(name) ?? 0;
      if (code > 0 && (best === 0 || code < best)) best = code;
    }
    return best;
  };
  const points = new Map<number, number>();
  for (const some of names) points.set(codeOf(some), (points.get(codeOf(some)) ?? 0) + 1);
  return { named: ranked.map(([name], i) => ({ name, points: points.get(i + 1) ?? 0 })), codeOf, isTelling };
}

function countTags(by: Map<number, Map<string, number>>, region: number, { tags }: PointBlock): void {
  const of = by.get(region) ?? new Map<string, number>();
  by.set(region, of);
  for (const tag of tags) of.set(tag, (of.get(tag) ?? 0) + 1);
}

function bytesOf(head: MapHead, columns: readonly (Uint16Array | Uint32Array | Uint8Array)[]): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(head));
  // Filled up with spaces, so that columns are aligned.
  const padded = Math.ceil(text.length / 4) * 4;
  const size = 12 + padded + columns.reduce((sum, column) => sum + column.byteLength, 0);
  const out = new Uint8Array(new ArrayBuffer(size)).fill(0x20, 0, 12 + padded);
  out.set(new TextEncoder().encode(MAGIC));
  new DataView(out.buffer).setUint32(8, padded, true);
  out.set(text, 12);
  let at = 12 + padded;
  for (const column of columns) {
    out.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    at += column.byteLength;
  }
  return out;
}
