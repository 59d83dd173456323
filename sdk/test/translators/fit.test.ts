import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../src/bytes.js';
import { encode } from '../../src/codec/encode.js';
import { sha256 } from '../../src/crypto/index.js';
import { limits } from '../../src/limits.js';
import { parseTranslator } from '../../src/kinds/index.js';
import { spaceNamed, toUnit } from '../../src/space/index.js';
import {
  anchorsRoot,
  candidates,
  fitTranslator,
  openTranslator,
  placeOf,
  readTranslator,
  relevanceMin,
  translatorFields,
  verifyTranslator,
  type Pair,
} from '../../src/translators/index.js';
import { chosenOf } from '../../src/translators/fit.js';
import type { ValueMap } from '../../src/codec/value.js';

const spaces = { from: spaceNamed('first', 24), to: spaceNamed('second', 16) };

function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
}

/** Meanings of a subject, each with six directions of its own, as two models see them. */
function pairs(n: number, seed: number, subject = 0): Pair[] {
  const maps = numbers(7);
  const matrix = (rows: number): number[][] => Array.from({ length: rows }, () => Array.from({ length: 12 }, maps));
  const [a, b] = [matrix(24), matrix(16)];
  const next = numbers(seed);
  const seen = (m: number[][], z: number[]): Float32Array =>
    toUnit(
      Float32Array.from(m, (row) => Math.tanh(row.reduce((sum, x, i) => sum + x * z[i]!, 0)) + 0.02 * next() + 0.3),
    );
  return Array.from({ length: n }, (_, i) => {
    const z = Array.from({ length: 12 }, (_one, j) => (Math.floor(j / 6) === subject ? 4 * next() : 0));
    return {
      reference: sha256(utf8(`${seed} ${i}`)),
      from: seen(a, z),
      to: seen(b, z),
      domain: i % 2 === 0 ? 'even' : 'odd',
    };
  });
}

const fitted = fitTranslator(pairs(300, 11), spaces);
const fields = translatorFields(fitted);
const parsed = parseTranslator(fields);

describe('fitting', () => {
  test('finds a map that holds for texts that it was not fitted on, and says how well by domain', () => {
    expect(fitted.quality.n).toBe(15);
    expect(fitted.quality.recall).toBeGreaterThan(0.6);
    expect(fitted.domains.map(({ name }) => name)).toEqual(['even', 'odd']);
    expect(fitted.tried).toHaveLength(candidates.length);
    const fresh = pairs(50, 99);
    const translated = openTranslator(fitted.parameters).translate(fresh.map(({ from }) => from));
    const right = translated.filter((vector, i) => nearest(vector, fresh) === i).length;
    expect(right).toBeGreaterThan(25);
  });

  test.each(candidates)('by $method (width $width)', (candidate) => {
    const one = fitTranslator(pairs(120, 5), spaces, { candidates: [candidate], anchorsMax: 60 });
    expect(one.parameters.method).toBe(candidate.method);
    expect(one.quality.recall).toBeGreaterThan(0.3);
    expect(parseTranslator(translatorFields(one)).ok).toBe(true);
  });

  test('is the same whatever the order, and named twice counts once', () => {
    const some = pairs(60, 3);
    const again = [...some, some[0]!].reverse();
    const bytes = [some, again].map((list) => encode(translatorFields(fitTranslator(list, spaces))));
    expect(bytes[0]).toEqual(bytes[1]);
  });

  test('needs thirty texts', () => {
    expect(() => fitTranslator(pairs(29, 3), spaces)).toThrow(/29 texts/);
  });

  test('leaves out methods whose matrix does not fit into a block', () => {
    const large = { from: spaceNamed('a', 4096), to: spaceNamed('b', 4096) };
    const next = numbers(4);
    const row = (): Float32Array => Float32Array.from({ length: 4096 }, next);
    const list = Array.from({ length: 40 }, (_, i) => ({
      reference: sha256(utf8(`large ${i}`)),
      from: row(),
      to: row(),
    }));
    const one = fitTranslator(list, large);
    expect(new Set(one.tried.map(({ method }) => method))).toEqual(new Set(['rbf', 'relative']));
    expect(encode(translatorFields(one)).length).toBeLessThan(limits.bodyMaxBytes);
  });
});

describe('of several methods', () => {
  const scored = (name: string, recalls: readonly number[]) => ({
    name,
    judged: recalls.map((recall) => ({ recall })),
  });
  const noisy = (n: number, by: number) => Array.from({ length: n }, (_, i) => 0.5 - by + (i % 2 === 0 ? 0.2 : -0.2));
  const even = (n: number) => Array.from({ length: n }, () => 0.5);

  test('the first is taken where the best is ahead by chance, and the best where it is not', () => {
    // Differences of ±.2 have a standard error of .02 over 100, of .005 over 1,600.
    expect(chosenOf([scored('first', noisy(100, 0.025)), scored('best', even(100))])?.name).toBe('first');
    expect(chosenOf([scored('first', noisy(1600, 0.025)), scored('best', even(1600))])?.name).toBe('best');
    expect(chosenOf([scored('first', noisy(100, 0.05)), scored('best', even(100))])?.name).toBe('best');
  });

  test('none is taken of none', () => {
    expect(chosenOf([])).toBeUndefined();
  });
});

describe('a block', () => {
  test('brings back what was fitted', () => {
    if (!parsed.ok) throw new Error(parsed.detail);
    const { parameters } = readTranslator(parsed.body);
    const [question] = pairs(1, 42);
    const [a, b] = [fitted.parameters, parameters].map((one) => openTranslator(one).translate([question!.from])[0]!);
    expect(Array.from(a!)).toEqual(Array.from(b!));
  });

  test('names its anchors by a root that others work out', () => {
    const anchors = pairs(300, 11)
      .sort((a, b) => Buffer.compare(a.reference, b.reference))
      .slice(15);
    expect(anchorsRoot(anchors)).toEqual(fitted.anchors.root);
  });

  test('is borne out by its own evaluation, and not where it claims more', () => {
    if (!parsed.ok) throw new Error(parsed.detail);
    expect(verifyTranslator(parsed.body)).toMatchObject({ agrees: true, faults: [] });
    const boast = { ...parsed.body, quality: { ...parsed.body.quality, recall_e6: 990_000 } };
    const proof = verifyTranslator(boast);
    expect(proof.agrees).toBe(false);
    expect(proof.faults.join()).toMatch(/recall is stated as 0.990/);
  });

  test('is not borne out where questions would be judged by more than it does', () => {
    if (!parsed.ok) throw new Error(parsed.detail);
    const { held_out: held } = parsed.body;
    const turned = new Uint8Array([...held.to.bytes.slice(7 * 32), ...held.to.bytes.slice(0, 7 * 32)]);
    const poor = { ...parsed.body, held_out: { ...held, to: { ...held.to, bytes: turned } } };
    const { n, ...measured } = verifyTranslator(poor).measured;
    const [recall_e6, cosine_e6, agreement_e6] = [measured.recall, measured.cosine, measured.agreement].map((one) =>
      Math.round(one * 1e6),
    ) as [number, number, number];
    const quality = { n, recall_e6, cosine_e6, agreement_e6 };
    expect(verifyTranslator({ ...poor, quality }).faults).toEqual([
      expect.stringMatching(/^nearness.agreement is stated/),
    ]);
  });

  test('that holds out more than can be compared is not tried', () => {
    if (!parsed.ok) throw new Error(parsed.detail);
    const { held_out: held } = parsed.body;
    const many = (rows: typeof held.from): typeof held.from => ({
      ...rows,
      rows: 4000,
      bytes: new Uint8Array((rows.bytes.length / rows.rows) * 4000).fill(60),
    });
    const huge = {
      ...parsed.body,
      held_out: { references: new Uint8Array(32 * 4000), from: many(held.from), to: many(held.to) },
    };
    expect(verifyTranslator(huge)).toMatchObject({ agrees: false, faults: [expect.stringMatching(/too many/)] });
  });

  test('is tried on pairs of one’s own', () => {
    if (!parsed.ok) throw new Error(parsed.detail);
    expect(verifyTranslator(parsed.body, pairs(60, 77))).toMatchObject({ own: true, agrees: true });
    const shuffled = pairs(60, 77).map((pair, i, all) => ({ ...pair, to: all[(i + 7) % all.length]!.to }));
    expect(verifyTranslator(parsed.body, shuffled).agrees).toBe(false);
  });

  test.each<[string, (fields: ValueMap) => ValueMap]>([
    ['a matrix of infinities', (one) => ({ ...one, linear: filled(one['linear'], 0x7c) })],
    ['a centre that is no number', (one) => ({ ...one, center_to: new Uint8Array(64).fill(0xff) })],
    ['a centre too short', (one) => ({ ...one, center_to: new Uint8Array(60) })],
    [
      'no held-out rows for its references',
      (one) => ({ ...one, held_out: { ...(one['held_out'] as ValueMap), references: new Uint8Array(32) } }),
    ],
  ])('with %s is none', (_, change) => {
    const base = translatorFields(fitTranslator(pairs(60, 5), spaces, { candidates: [candidates[0]!] }));
    expect(parseTranslator(change(base))).toMatchObject({ ok: false, code: 'kind.malformed' });
  });
});

test('a question like the anchors is trusted, one about something else is not', () => {
  const translator = openTranslator(fitted.parameters);
  const kept = (subject: number): number => {
    const rows = pairs(200, 21, subject);
    const questions = pairs(20, 22, subject);
    const all = questions.map(({ from }) => {
      const [vector] = translator.translate([from]);
      const found = [...rows].sort((x, y) => dot(y.to, vector!) - dot(x.to, vector!)).slice(0, 10);
      return placeOf(
        translator,
        fitted.nearness,
        from,
        found.map(({ to }) => to),
      ).kept;
    });
    return all.reduce((sum, one) => sum + one, 0) / all.length;
  };
  expect(kept(0)).toBeGreaterThan(relevanceMin);
  expect(kept(1)).toBeLessThan(relevanceMin);
});

function filled(stored: unknown, byte: number): ValueMap {
  const rows = stored as { dtype: string; rows: number; bytes: Uint8Array };
  return { dtype: rows.dtype, rows: rows.rows, bytes: new Uint8Array(rows.bytes.length).fill(byte) };
}

function nearest(vector: Float32Array, list: readonly Pair[]): number {
  const scores = list.map(({ to }) => dot(to, vector));
  return scores.indexOf(Math.max(...scores));
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}
