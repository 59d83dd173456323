import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { corePlugins, createBlock, createRegistry, signerOfSeed } from '@cosmicembeddings/sdk';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { embeddingOf } from '@cosmicembeddings/sdk/testing';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';

export const embedder = createLexicalEmbedder();
const author = {
  signer: signerOfSeed(new Uint8Array(32).fill(5)),
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
};
let salts = 0;

/** A signed block of texts, one row each. */
export async function blockOf(texts: readonly string[], more: { tags?: string[]; timeMs?: number } = {}) {
  const { vectors } = await embedder.embed(texts, { role: 'passage' });
  const rows = texts.map((text, i) => ({ text, vector: vectors[i]!, origin: 'test.md' }));
  return createBlock(
    { kind: 'embedding/1', timeMs: Date.now() - 1000, fields: embeddingOf(embedder.space, rows), ...more },
    { ...author, salt: () => new Uint8Array(16).fill(++salts) },
  );
}

/** What a refusal says, as a test compares it. */
export const problem = async (response: Response) => ({
  status: response.status,
  code: ((await response.json()) as { code: string }).code,
});

export interface Tested {
  readonly folder: string;
  readonly url: string;
  /** Stops the node and starts it again on its folder, with which something may be done in between. */
  restart(meanwhile?: () => void): Promise<void>;
  post(body: Uint8Array | string, type?: string, query?: string): Promise<Response>;
  postJson(path: string, body: string): Promise<Response>;
  /** The withdrawal of a block that `blockOf` made. */
  retraction(id: string): Promise<Uint8Array>;
}

/** A whole node with a lexical embedder and a rule against the tag `spam`, for the tests of one file. */
export function testedNode(more: { readonly inFlightMax?: number; readonly plugins?: readonly string[] } = {}): Tested {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-http-'));
  let node: RunningNode;
  const start = async (): Promise<void> => {
    const config = await loadConfig({
      ...more,
      data: folder,
      port: 0,
      log: 'silent',
      verifyWorkers: 1,
      embedders: [{ type: 'builtin', name: 'lexical' }],
      policy: { tags: { deny: ['spam'] } },
    });
    node = await createNode(config, createLog('silent'));
  };
  beforeAll(start);
  afterAll(async () => {
    await node.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    get url() {
      return node.url;
    },
    restart: async (meanwhile) => {
      await node.close();
      meanwhile?.();
      await start();
    },
    post: (body, type = 'application/cbor-seq', query = '') =>
      fetch(`${node.url}/v2/blocks${query}`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: body as never,
      }),
    retraction: async (id) => {
      const { wire } = await createBlock(
        { kind: 'retract/1', timeMs: Date.now() - 500, fields: {}, refs: [{ rel: 'retracts', id }] },
        { ...author, salt: () => new Uint8Array(16).fill(++salts) },
      );
      return wire;
    },
    postJson: (path, body) =>
      fetch(node.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
  };
}
