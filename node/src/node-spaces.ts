import {
  spaceIdOf,
  type Catalogue,
  type Embedder,
  type SpaceDescriptor,
  type SpaceReport,
  type TranslatorReport,
} from '@cosmicembeddings/sdk';
import type { SpaceCanaries } from './index/common/canaries.js';
import type { Common } from './index/common/index.js';
import type { Home } from './index/home/index.js';

export interface SpacesParts {
  readonly catalogue: Pick<Catalogue, 'counts'>;
  readonly embedders: () => Promise<readonly Embedder[]>;
  readonly home: Home | undefined;
  readonly common: Pick<Common, 'state' | 'honesty'>;
  readonly translators: () => Promise<readonly TranslatorReport[]>;
  readonly canaries: Pick<SpaceCanaries, 'report'>;
}

/** Names of spaces are free: so many are told. */
const TOLD_MAX = 1000;
/** Builds of one model that each of them names; who makes thousands makes them all long. */
const SIBLINGS_MAX = 16;

/** Every space that has rows here or an embedder. */
export async function spacesOf(parts: SpacesParts): Promise<SpaceReport[]> {
  const [counts, embedders, translators, made] = await Promise.all([
    parts.catalogue.counts(),
    parts.embedders(),
    parts.translators(),
    parts.home?.vectors.status(),
  ]);
  const ours = new Map(embedders.map(({ space }) => [spaceIdOf(space), space]));
  const known = new Map<string, { readonly space: SpaceDescriptor; readonly rows: number }>(
    [...ours].map(([id, space]) => [id, { space, rows: 0 }]),
  );
  for (const { id, space, rows } of counts.spaces) known.set(id, { space, rows });
  const families = new Map<string, string[]>();
  const told = [...known].sort(([, a], [, b]) => b.rows - a.rows).slice(0, TOLD_MAX);
  for (const [id, { space }] of told) {
    const family = familyOf(space);
    const ids = families.get(family);
    if (ids === undefined) families.set(family, [id]);
    // One of them is the space that names the others.
    else if (ids.length <= SIBLINGS_MAX) ids.push(id);
  }
  const common = parts.common.state();
  const canaries = await Promise.all(told.map(([id]) => parts.canaries.report(id)));
  return told.map(([id, { space, rows }], i): SpaceReport => {
    const isCommon = common.texts > 0 && (common.spaces[id] ?? 0) >= common.texts;
    const own = made?.spaces[id];
    return {
      id,
      space,
      rows,
      siblings: families
        .get(familyOf(space))!
        .filter((other) => other !== id)
        .slice(0, SIBLINGS_MAX),
      embedder: ours.has(id),
      ...(parts.home?.spaces.includes(id) === true
        ? { home: { rows: own?.rows ?? 0, memoryBytes: own?.residentBytes ?? 0 } }
        : {}),
      background: isCommon ? { of: 'common', n: common.texts } : { of: 'own', n: rows },
      honesty: parts.common.honesty(id),
      canaries: canaries[i]!,
      translators: translators.filter(({ to }) => to === id),
    };
  });
}

/** Builds of one model differ in these alone. */
function familyOf({ precision: _, weights: __, revision: ___, ...space }: SpaceDescriptor): string {
  return JSON.stringify(space);
}
