import {
  checkBlock,
  corePlugins,
  createBlock,
  createRegistry,
  embeddingKind,
  sha256,
  signerOfSeed,
  toUnit,
  utf8,
  verify,
  type Checks,
  type CheckedBlock,
} from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { embeddingOf, testSpace } from '@cosmicembeddings/sdk/testing';

export const registry = createRegistry(corePlugins);
export const checks: Checks = { network: 'dev', registry, verify, sha256, sky: createSky() };

const DIMS = 64;
const SPACE = testSpace('test/64', DIMS, { precision: 'fp32' });
const START_MS = Date.UTC(2026, 0, 1);

/** A real block of `embedding/1` with one row and one text, repeatable. */
export async function signedBlock(
  number: number,
  text = `Passage number ${number} tells of the river and the town.`,
  tags: readonly string[] = [],
  rows = 1,
): Promise<CheckedBlock> {
  const texts = Array.from({ length: rows }, (_, i) => (i === 0 ? text : `${text} (${i})`));
  const vectors = texts.map((own) =>
    toUnit(Float32Array.from({ length: DIMS }, (_, i) => sha256(utf8(`${own} ${i}`))[0]! - 127.5)),
  );
  const { wire } = await createBlock(
    {
      kind: embeddingKind.name,
      timeMs: START_MS + number * 60_000,
      tags,
      fields: embeddingOf(
        SPACE,
        texts.map((own, i) => ({ vector: vectors[i]!, text: own, origin: `notes/${number}.md`, language: 'en' })),
      ),
    },
    {
      signer: signerOfSeed(sha256(utf8(`author ${number % 3}`))),
      network: 'dev',
      registry,
      sky: checks.sky as never,
      salt: () => sha256(utf8(`salt ${number} ${text}`)).slice(0, 16),
    },
  );
  const checked = checkBlock(wire, checks);
  if (checked.status === 'rejected') throw new Error(`${checked.code}: ${checked.detail}`);
  return checked;
}
