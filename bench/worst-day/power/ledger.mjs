// Real blocks, the same whenever they are asked for: signed, with a sky, one to 64 rows in one of two spaces, and texts.
import {
  checkBlock,
  corePlugins,
  createBlock,
  createRegistry,
  sha256,
  signerOfSeed,
  toUnit,
  utf8,
} from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { embeddingOf, testSpace } from '@cosmicembeddings/sdk/testing';
import { verifierOf } from '../../../node/dist/door/crypto/index.js';
import { randomOf } from '../blocks.mjs';

const registry = createRegistry(corePlugins);
export const sky = createSky();
const { verify } = verifierOf('auto');
const seen = new Map();
/** Checks every signature once: the same few blocks are met in every state. */
function verifyOnce(signature, message, key) {
  const name = Buffer.concat([signature, sha256(message), key]).toString('latin1');
  if (!seen.has(name)) seen.set(name, verify(signature, message, key));
  return seen.get(name);
}
export const checks = { network: 'dev', registry, verify: verifyOnce, sha256, sky };

const WORDS =
  'river town bridge night planet moon ledger block peer query vector text page stone water field road'.split(' ');
const spaceOf = (dims) => testSpace(`bench/${dims}`, dims, { precision: 'fp32' });
const spaces = [spaceOf(32), spaceOf(48)];
export const spaceIds = spaces.map(spaceIdOf);
export const whichSpace = (number) => (number % 3 === 0 ? 1 : 0);

/** Unit vector of a row. */
export function rowOf(number, row) {
  const random = randomOf(number * 101 + row + 1);
  for (let i = 0; i < 5; i++) random();
  return toUnit(Float32Array.from({ length: spaces[whichSpace(number)].dims }, () => random() - 0.5));
}

function textOf(number, row) {
  const random = randomOf(number * 977 + row + 3);
  const words = Array.from({ length: 20 }, () => WORDS[Math.floor(random() * WORDS.length)]);
  return `block word${number} ${row === 0 ? '' : `part${row} `}${words.join(' ')}`;
}

const made = new Map();

const authorOf = (number) => ({
  signer: signerOfSeed(sha256(utf8(`author ${number % 3}`))),
  network: 'dev',
  registry,
  sky,
});

/** {id, wire, checked}; `rows` must be the same for a number every time. */
export async function blockOf(number, rows = 1) {
  if (made.has(number)) return made.get(number);
  const texts = Array.from({ length: rows }, (_, row) => textOf(number, row));
  const { id, wire } = await createBlock(
    {
      kind: 'embedding/1',
      timeMs: Date.UTC(2026, 0, 1) + number * 60_000,
      tags: number % 10 === 0 ? ['tenth'] : [],
      fields: embeddingOf(
        spaces[whichSpace(number)],
        texts.map((text, row) => ({ vector: rowOf(number, row), text, origin: `power/${number}` })),
      ),
    },
    { ...authorOf(number), salt: () => sha256(utf8(`salt ${number}`)).slice(0, 16) },
  );
  const block = { id, wire, rows, checked: checkBlock(wire, checks) };
  made.set(number, block);
  return block;
}

/** Rows of a block in the runs of whole nodes: mostly one, sometimes as many as a document has. */
export const rowsOf = (number) => (number % 4 === 0 ? 64 : 1);

/** The author's withdrawal of a block. */
export async function retractionOf(number, ofId) {
  const { id, wire } = await createBlock(
    {
      kind: 'retract/1',
      timeMs: Date.UTC(2026, 1, 1) + number * 1000,
      refs: [{ rel: 'retracts', id: ofId }],
      fields: {},
    },
    { ...authorOf(number), salt: () => sha256(utf8(`retraction ${number}`)).slice(0, 16) },
  );
  return { id, wire };
}
