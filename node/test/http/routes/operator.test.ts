import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createClient } from '@cosmicembeddings/sdk/api';
import { blockOf, problem, testedNode } from '../node.ts';

const node = testedNode();

describe('operators', () => {
  test('what configures or erases needs the token of the data folder, mode 0600', async () => {
    for (const [method, path] of [
      ['POST', '/v2/erase'],
      ['POST', '/v2/peers'],
      ['DELETE', '/v2/peers?url=x'],
    ] as const)
      expect(
        await problem(
          await fetch(node.url + path, {
            method,
            headers: { 'content-type': 'application/json' },
            ...(method === 'POST' ? { body: '{}' } : {}),
          }),
        ),
      ).toEqual({ status: 401, code: 'request.unauthorised' });
    expect(statSync(join(node.folder, 'token')).mode & 0o777).toBe(0o600);
  });

  test('an erased body is gone from answers and stays away; its header proves authorship', async () => {
    const { id, wire } = await blockOf(['A secret that should not have been published: xyzzyplugh']);
    await node.post(wire, 'application/cbor-seq', '?wait=indexed');
    const token = readFileSync(join(node.folder, 'token'), 'utf8').trim();
    const erased = await fetch(`${node.url}/v2/erase`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ ids: [id], reason: 'takedown' }),
    });
    expect(erased.status).toBe(200);
    const answer = await createClient({ url: node.url }).search({ text: 'xyzzyplugh', k: 100, hidden: 'show' });
    expect(answer.hits.some((hit) => hit.id === id)).toBe(false);
    const left = await fetch(`${node.url}/v2/blocks/${id}`, { headers: { accept: 'application/cbor-seq' } });
    expect(left.status).toBe(410);
    const view = new Uint8Array(await left.arrayBuffer());
    expect(view.at(-1)).toBe(0xf6);
    expect(view.length).toBeLessThan(1000);
    expect((await node.post(wire)).status).not.toBe(201);
  });
});
