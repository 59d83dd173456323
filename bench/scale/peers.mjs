/** Peers on the same rows and questions, one process each, one after the other. A peer that does not load is reported, not fatal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClient } from './client.mjs';
import { CHUNK } from './layout.mjs';
import { makeChunks } from './made.mjs';

export const PEERS = ['usearch-i8', 'usearch-f32', 'hnswlib', 'sqlite-vec', 'lancedb', 'hypercore'];

export async function measurePeers({ data, seed, rows }, report) {
  await makeChunks({ data, seed, to: rows / CHUNK });
  for (const peer of PEERS) {
    const folder = mkdtempSync(join(tmpdir(), 'cosmic-scale-peer-'));
    const started = performance.now();
    try {
      report('peer', { peer, ...(await runClient('./peer.mjs', { peer, data, seed, rows, folder })) });
    } catch (error) {
      report('peer', { peer, skipped: String(error.message ?? error).split('\n')[0] });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    console.error(`${peer} took ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
}
