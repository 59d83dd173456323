import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkBlock, fromJson } from '../../src/block/index.js';
import { fromBase64 } from '../../src/bytes.js';
import { sha256, verify } from '../../src/crypto/index.js';
import { canariesOf, canariesOfKnown } from '../../src/embedders/index.js';
import { knownCanaries } from '../../src/embedders/known-canaries.js';
import { createRegistry } from '../../src/kinds/index.js';
import { corePlugins } from '../../src/plugins/index.js';
import { createSky } from '../../src/sky/index.js';
import {
  checkSpace,
  descriptorFault,
  differingField,
  knownSpace,
  knownSpaces,
  packRows,
  rowsFault,
  spaceIdOf,
  spaceMismatch,
  toUnit,
  unpackRow,
  type Canaries,
  type SpaceDescriptor,
} from '../../src/space/index.js';
import { root } from '../shared-data.ts';
import { testUnless } from '../skipping.ts';

const folder = join(root, 'specs', 'spaces');
interface SpaceFile {
  readonly name: string;
  readonly status: string;
  readonly id: string;
  readonly space: SpaceDescriptor;
  readonly canaries?: object;
}
const files = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as SpaceFile);

/** Ids of what is frozen: they change for no reason whatever. */
const FROZEN = {
  'all-minilm-l6-v2-256': 'bafyreif5wl5dnlptbuwnzvyjny7rg36v3n33zxduodbxc2dyxs26jhzbly',
  'all-minilm-l6-v2-q8-128': 'bafyreiesmq74hmb5jphulzfhbohmd3xa26ufts4l3sbb34wj3us6ykjhxy',
  'all-minilm-l6-v2-q8-256': 'bafyreiatqi6qhfzrcyplohdty2xcbkbdixlfkbpwkyoizgmw65llo2js7m',
  'all-minilm-l6-v2-q8-512': 'bafyreifc3s5efalecwfdp272f7nv62neufctrsxeuzgd4b6ylah7cd42pq',
};

describe('known spaces', () => {
  test('files and code say the same', () => {
    expect(files.map(({ name }) => name).sort()).toEqual(knownSpaces.map(({ name }) => name).sort());
    for (const file of files) {
      expect(descriptorFault(file.space as never)).toBeUndefined();
      expect(spaceIdOf(file.space)).toBe(file.id);
      expect(knownSpace(file.name)).toEqual({ name: file.name, status: file.status, space: file.space });
    }
    expect(new Set(files.map(({ id }) => id)).size).toBe(files.length);
  });

  test('what is frozen keeps its id', () => {
    expect(
      Object.fromEntries(files.filter(({ status }) => status === 'frozen').map(({ name, id }) => [name, id])),
    ).toEqual(FROZEN);
  });

  test('an error names the differing field', () => {
    const space = (name: string): SpaceDescriptor => knownSpace(name)!.space;
    expect(differingField(space('all-minilm-l6-v2-q8-128'), space('all-minilm-l6-v2-q8-256'))).toBe('max_tokens');
    expect(differingField(space('all-minilm-l6-v2-256'), space('all-minilm-l6-v2-q8-256'))).toBe('weights');
    expect(differingField(space('gte-small'), space('e5-small-v2'))).toBe('model');
    expect(differingField(space('gte-small'), { ...space('gte-small') })).toBeUndefined();
    expect(spaceMismatch(space('gte-small'), { ...space('gte-small') })).toBeUndefined();
    expect(spaceMismatch(space('all-minilm-l6-v2-q8-128'), space('all-minilm-l6-v2-q8-256'))).toMatchObject({
      code: 'space.mismatch',
      detail: expect.stringMatching(/^max_tokens is 128 in .*, 256 in /),
    });
  });
});

describe('canaries', () => {
  const sky = createSky();
  const checks = { network: 'dev', registry: createRegistry(corePlugins), verify, sha256, sky };
  const withCanaries = files.filter(({ canaries }) => canaries !== undefined);

  test('are blocks with a good signature, in the file’s own space, one of them long', () => {
    expect(withCanaries.map(({ name }) => name).sort()).toEqual(Object.keys(FROZEN).sort());
    for (const file of withCanaries) {
      const wire = fromJson(JSON.stringify(file.canaries));
      if (!(wire instanceof Uint8Array)) throw new Error(wire.detail);
      expect(checkBlock(wire, checks)).toMatchObject({ status: 'checked', entry: { space: file.id } });
      expect(fromBase64(knownCanaries[file.name]!)).toEqual(wire);
      const canaries = canariesOf(wire)!;
      expect(spaceIdOf(canaries.space)).toBe(file.id);
      expect(canaries.canaries.some(({ text }) => text.length > 600)).toBe(true);
    }
  });

  /** Answers with the canaries' own vectors, turned a little when asked to. */
  const echo = (
    { canaries }: Canaries,
    turn: (vector: Float32Array, role: string, text: string) => Float32Array = (v) => v,
  ) => ({
    embed: (texts: readonly string[], { role }: { role: string }) =>
      Promise.resolve({
        vectors: texts.map((text) => turn(canaries.find((c) => c.text === text)!.vector, role, text)),
        truncated: [],
        tokens: [],
      }),
  });
  const canaries = canariesOfKnown('all-minilm-l6-v2-q8-256')!;
  const turned = (vector: Float32Array, by: number): Float32Array => {
    const unit = toUnit(vector);
    // add a part at a right angle to the vector
    const other = unit.map((x, i) => (i % 2 === 0 ? -unit[i + 1]! : unit[i - 1]!));
    return unit.map((x, i) => x + by * other[i]!);
  };

  test('a runtime that reproduces them passes, one beyond 0.005 does not', async () => {
    expect(await checkSpace(echo(canaries), canaries)).toMatchObject({ status: 'reproduced' });
    expect(
      await checkSpace(
        echo(canaries, (v) => turned(v, 0.09)),
        canaries,
      ),
    ).toMatchObject({ status: 'reproduced' });
    expect(
      await checkSpace(
        echo(canaries, (v) => turned(v, 0.11)),
        canaries,
      ),
    ).toMatchObject({ code: 'space.canary_failed' });
    expect(
      await checkSpace(
        echo(canaries, (v) => v.subarray(1)),
        canaries,
      ),
    ).toMatchObject({ code: 'space.dims_mismatch' });
    expect(
      await checkSpace(
        echo(canaries, (v) => v.map(() => NaN)),
        canaries,
      ),
    ).toMatchObject({ status: 'rejected' });
  });

  test('one canary that is off is enough: the long one, or the query', async () => {
    const long = echo(canaries, (v, _role, text) => (text.length > 600 ? turned(v, 0.2) : v));
    expect(await checkSpace(long, canaries)).toMatchObject({
      code: 'space.canary_failed',
      detail: expect.stringContaining('characters'),
    });
    const query = echo(canaries, (v, role) => (role === 'query' ? turned(v, 0.2) : v));
    expect(await checkSpace(query, canaries)).toMatchObject({ detail: expect.stringMatching(/^query/) });
  });

  const models = join(root, '..', 'shared', 'models');
  const module =
    process.env['TRANSFORMERS_MODULE'] ??
    join(root, 'bench/node_modules/@huggingface/transformers/dist/transformers.node.mjs');
  const missing = !existsSync(models)
    ? '../shared/models is absent'
    : !existsSync(module)
      ? 'no @huggingface/transformers in bench/'
      : undefined;
  testUnless(missing)(
    'with the real int8 build: the right configuration passes, every wrong one fails',
    () => {
      // in a process of its own: the runtime's native part and the test runner's realm do not go together
      const run = spawnSync(process.execPath, [join(root, 'tools/spaces/check-canaries.mjs'), models, module], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      const trials = run.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { what: string; space: string; status: string; code?: string });
      expect(trials[0]).toMatchObject({ status: 'reproduced', space: FROZEN['all-minilm-l6-v2-q8-256'] });
      expect(trials.slice(1).map(({ what, code }) => [what, code])).toEqual(
        ['a passage prefix', 'a query prefix', 'another pooling', '128 tokens', '512 tokens', 'as the fp32 space'].map(
          (what) => [what, 'space.canary_failed'],
        ),
      );
    },
    60_000,
  );
});

describe('stored rows', () => {
  const space = (dims: number, normalized = true): SpaceDescriptor => ({
    ...knownSpace('gte-small')!.space,
    dims,
    normalized,
  });
  const component = fc.double({ min: -1, max: 1, noNaN: true });
  const vector = fc.oneof(
    fc.array(component, { minLength: 2, maxLength: 400 }),
    // one component far above the others, where int8 is coarsest
    fc
      .array(
        component.map((x) => x / 100),
        { minLength: 2, maxLength: 2000 },
      )
      .map((list) => [1, ...list]),
  );

  test('every unit vector stays a unit vector within the tolerance of its storage form', () => {
    fc.assert(
      fc.property(vector, (list) => {
        if (list.every((x) => Math.abs(x) < 1e-3)) return;
        const unit = toUnit(Float32Array.from(list));
        for (const dtype of ['f32', 'f16', 'i8'] as const)
          expect([dtype, rowsFault(packRows([unit], dtype), space(unit.length))]).toEqual([dtype, undefined]);
      }),
    );
  });

  test.each([
    ['f32', 1.0009, true],
    ['f32', 1.0011, false],
    ['f16', 1.0015, true],
    ['f16', 1.004, false],
    ['i8', 1.015, true],
    ['i8', 1.025, false],
  ] as const)('%s of length %d', (dtype, length, ok) => {
    const row = toUnit(Float32Array.of(1, 1)).map((x) => x * length);
    const fault = rowsFault(packRows([row], dtype), space(2));
    expect(fault?.code).toBe(ok ? undefined : 'vector.not_unit');
    expect(rowsFault(packRows([row], dtype), space(2, false))).toBeUndefined();
  });

  test.each([
    ['NaN', Float32Array.of(NaN, 0), 'vector.not_finite'],
    ['infinity', Float32Array.of(Infinity, 0), 'vector.not_finite'],
    ['zero', Float32Array.of(0, 0), 'vector.zero'],
    ['minus zero', Float32Array.of(-0, 0), 'vector.zero'],
    ['a square beyond double range is impossible for f32', Float32Array.of(3e38, 3e38), 'vector.not_unit'],
    ['subnormals only', Float32Array.of(1e-45, 0), 'vector.not_unit'],
  ])('%s', (_what, row, code) => {
    expect(rowsFault(packRows([row], 'f32'), space(2))?.code).toBe(code);
  });

  test('i8 with a scale that is NaN, infinite, negative or zero', () => {
    for (const [scale, code] of [
      [NaN, 'vector.not_finite'],
      [Infinity, 'vector.not_finite'],
      [0, 'vector.zero'],
      [-1 / 127, undefined],
    ] as const) {
      const bytes = new Uint8Array(6);
      new DataView(bytes.buffer).setFloat32(0, scale, true);
      bytes[4] = 127;
      expect(rowsFault({ dtype: 'i8', rows: 1, bytes }, space(2))?.code).toBe(code);
    }
  });

  test('lengths, and b1 with its padding and metric', () => {
    const hamming: SpaceDescriptor = { ...space(10), metric: 'hamming', normalized: false };
    const stored = packRows([Float32Array.from({ length: 10 }, (_, i) => (i % 3 === 0 ? 1 : -1))], 'b1');
    expect([...stored.bytes]).toEqual([0b10010010, 0b01000000]);
    expect(rowsFault(stored, hamming)).toBeUndefined();
    expect([...unpackRow(stored, 10, 0)]).toEqual([1, -1, -1, 1, -1, -1, 1, -1, -1, 1]);
    expect(rowsFault({ ...stored, bytes: Uint8Array.of(0x92, 0x41) }, hamming)?.code).toBe('vector.malformed');
    expect(rowsFault(stored, space(10))?.code).toBe('vector.malformed');
    expect(rowsFault({ dtype: 'f32', rows: 1, bytes: new Uint8Array(40) }, hamming)?.code).toBe('vector.malformed');
    for (const dtype of ['f32', 'f16', 'i8', 'b1'] as const)
      expect(rowsFault({ dtype, rows: 2, bytes: new Uint8Array(7) }, dtype === 'b1' ? hamming : space(10))?.code).toBe(
        'vector.malformed',
      );
  });
});
