import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { concatBytes, packRows, parseCid, sha256, spaceIdOf, utf8, type ValueMap } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { embeddingOf, signBlock, testSpace } from '@cosmicembeddings/sdk/testing';
import { createLog, createNode, loadConfig, type RunningNode } from '../../../src/index.js';

/** Kinds beside documents, and what is kept of a space: erased while the node runs and has nothing else to do. */
const folder = mkdtempSync(join(tmpdir(), 'cosmic-online-'));
const sky = createSky();
let node: RunningNode;
let salts = 0;

beforeAll(async () => {
  const config = await loadConfig({
    data: folder,
    port: 0,
    log: 'silent',
    verifyWorkers: 1,
    index: 'exact',
    embedders: [{ type: 'builtin', name: 'lexical' }],
  });
  node = await createNode(config, createLog('silent'));
}, 60_000);
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

function signed(kind: string, fields: ValueMap, refs?: readonly ValueMap[]): Uint8Array {
  const timestamp = 1_700_000_000_000 + ++salts;
  return signBlock({
    header: {
      version: 2,
      kind,
      timestamp,
      cosmic_signature: sky.stamp({ timeMs: timestamp }) as never,
      ...(refs === undefined ? {} : { refs: refs as never }),
    },
    body: { salt: sha256(utf8(`${salts}`)).slice(0, 16), tags: [], linked_blocks: [], ...fields } as never,
    seed: sha256(utf8('an author')),
    network: 'dev',
  });
}

async function publish(...wires: readonly Uint8Array[]): Promise<string[]> {
  const answer = await fetch(`${node.url}/v2/blocks?wait=indexed`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: concatBytes(...wires) as never,
  });
  const { results } = (await answer.json()) as { results: { id: string; detail?: string }[] };
  return results.map(({ id, detail }) => {
    if (detail !== undefined) throw new Error(detail);
    return id;
  });
}

/** Which of these stand in any byte of any file, and where. */
function found(secrets: Readonly<Record<string, Uint8Array>>): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.map(({ parentPath, name }) => {
    try {
      return { name, bytes: readFileSync(join(parentPath, name)) };
    } catch {
      return { name, bytes: Buffer.alloc(0) };
    }
  });
  return Object.entries(secrets).flatMap(([what, secret]) =>
    bytes.filter((file) => file.bytes.includes(secret)).map(({ name }) => `${what} in ${name}`),
  );
}

test('sealed, collection, translator, attest, retract, unknown kinds and a space leave no trace in a node that runs on and rests', async () => {
  const [from, to] = [testSpace('secret/from-model', 2), testSpace('secret/to-model', 2)];
  const documents = testSpace('secret/document-model', 2);
  const square = packRows([Float32Array.of(1, 0), Float32Array.of(0, 1)], 'f32');
  const one = packRows([Float32Array.of(1, 0)], 'f32');
  const quality = { n: 1, recall_e6: 1, cosine_e6: 1, agreement_e6: 1 };
  const age = concatBytes(
    utf8('age-encryption.org/v1\n'),
    sha256(utf8('a')),
    sha256(utf8('sealed')),
    sha256(utf8('b')),
  );
  const [stays] = await publish(signed('note.test/1', { about: 'what stays' }));
  const ids = await publish(
    signed('sealed/1', { inner_kind: 'embedding/1', age }),
    signed('collection/1', {
      ...{ collection: 'plughcollection', title: 'xyzzytitle', space: documents as never },
      metadata: { zorkkey: 'zorkvalue' },
    }),
    signed('translator/1', {
      ...{ from: from as never, to: to as never, method: 'ridge', kernel: null, linear: square as never },
      ...{ center_from: new Uint8Array(8), center_to: new Uint8Array(8) },
      anchors: {
        ...{ n: 2, references: concatBytes(sha256(utf8('one')), sha256(utf8('two'))), root: sha256(utf8('root')) },
        ...{ from: square as never, to: square as never },
      },
      held_out: { references: sha256(utf8('three')), from: one as never, to: one as never },
      ...{ quality, domains: [{ name: 'grueword', ...quality }] },
      nearness: { near_e6: 1, agreement_e6: 1, slope_e6: 1, hits_e6: 1 },
    }),
    signed('attest/1', { agrees: true, cosine_e6: 9, tolerance_e6: 8, rows: 1, runtime: 'frobruntime' }, [
      { rel: 'attests', id: parseCid(stays!) as never },
    ]),
    signed('retract/1', { reason: 'quuxreason' }, [{ rel: 'retracts', id: parseCid(stays!) as never }]),
    signed('note.test/1', { garplykey: ['waldovalue'] }),
    signed('embedding/1', {
      ...(embeddingOf(documents, [
        { vector: [1, 0], text: 'a wolpertinger', origin: 'secret/origin.md' },
      ]) as never as ValueMap),
      ...{ document: 'thudid', collection: 'plughcollection', metadata: [{ cornkey: 'grault' }] },
    }),
  );
  const secrets: Record<string, Uint8Array> = {
    sealed: sha256(utf8('sealed')),
    ...Object.fromEntries(
      ['plughcollection', 'xyzzytitle', 'zorkkey', 'zorkvalue', 'secret/from-model', 'secret/to-model', 'grueword']
        .concat(['frobruntime', 'quuxreason', 'garplykey', 'waldovalue', 'secret/document-model', 'wolpertinger'])
        .concat(['secret/origin.md', 'thudid', 'cornkey', 'grault', spaceIdOf(documents)])
        .map((text) => [text, utf8(text)]),
    ),
    reference: sha256(utf8('two')),
    input: sha256(utf8('a wolpertinger')),
  };
  await fetch(`${node.url}/v2/views/translators/all`).then((answer) => answer.text());
  expect(new Set(found(secrets).map((one) => one.split(' in ')[0]))).toEqual(new Set(Object.keys(secrets)));

  const token = readFileSync(join(folder, 'token'), 'utf8').trim();
  const erased = await fetch(`${node.url}/v2/erase`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ ids, reason: 'takedown' }),
  });
  expect(erased.status).toBe(200);
  const untilMs = Date.now() + 50_000;
  while (found(secrets).length > 0 && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 200));
  expect(found(secrets)).toEqual([]);
}, 60_000);
