import { expect, test } from '@jest/globals';
import { spaceIdOf, type Catalogue, type SpaceDescriptor } from '@cosmicembeddings/sdk';
import { testSpace } from '@cosmicembeddings/sdk/testing';
import { spacesOf } from '../src/node-spaces.js';

test('thousands of builds of one model, which cost a stranger a small block each, make no answer of hundreds of megabytes', async () => {
  const builds = Array.from({ length: 5000 }, (_, i): SpaceDescriptor => ({
    ...testSpace('stranger/model', 8),
    revision: `build ${i}`,
  }));
  const spaces = builds.map((space, i) => ({ id: spaceIdOf(space), space, rows: i + 1 }));
  const reports = await spacesOf({
    catalogue: { counts: async () => ({ spaces }) } as unknown as Catalogue,
    embedders: async () => [],
    home: undefined,
    common: { state: () => ({ texts: 0, spaces: {} }), honesty: () => ({ doubts: [] }) } as never,
    translators: async () => [],
    canaries: { report: async () => ({ status: 'none' }) } as never,
  });
  expect(reports).toHaveLength(1000);
  expect(JSON.stringify(reports).length).toBeLessThan(3_000_000);
  // The largest are named, and none names itself.
  for (const { id, siblings } of reports) {
    expect(siblings).toHaveLength(16);
    expect(siblings).not.toContain(id);
  }
  expect(reports[0]!.siblings[0]).toBe(reports[1]!.id);
});
