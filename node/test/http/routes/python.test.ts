import { beforeAll, describe, expect, test } from '@jest/globals';
import { dumps, PyFloat, PyInt, Signer } from '@cosmicembeddings/sdk/python';
import { blockOf, problem, testedNode } from '../node.ts';

const node = testedNode();

/** A version-1 block that calls itself `name`. */
function oldBlock(name: string, text: string, seed: number): string {
  const fields = new Map<string, unknown>([
    ['version', '1.0'],
    ['id', name],
    ['created_by', `author-${seed}`],
    ['timestamp', new PyInt(1_755_535_817n)],
    [
      'model',
      new Map<string, unknown>([
        ['name', 'm'],
        ['dimensions', new PyInt(2n)],
      ]),
    ],
    ['embeddings', [[new PyFloat(0.5), new PyFloat(1)]]],
    ['content', [text]],
    ['metadata', new Map()],
  ]);
  return dumps(Signer.fromSeed(new Uint8Array(32).fill(seed)).signBlock(fields as never));
}

const get = (path: string): Promise<Response> => fetch(node.url + path);
const blocksOf = async (path: string): Promise<{ id?: string; created_by?: string }[]> =>
  ((await (await get(path)).json()) as { blocks: { id?: string }[] }).blocks;

beforeAll(async () => {
  for (const block of [
    oldBlock('block-one', 'an old text', 1),
    oldBlock('block-two', 'first', 2),
    oldBlock('block-two', 'second', 3),
  ])
    expect((await node.postJson('/blocks', block)).status).toBe(200);
  await node.post(
    (await blockOf(['a native text'], { tags: ['native'] })).wire,
    'application/cbor-seq',
    '?wait=indexed',
  );
});

describe('the bare paths of the Python client', () => {
  test('a block comes back as the text that was sent, by the name that it calls itself', async () => {
    expect(await (await get('/blocks/block-one')).text()).toBe(oldBlock('block-one', 'an old text', 1));
  });

  test('a name of several is a conflict that lists them', async () => {
    const response = await get('/blocks/block-two');
    const { code, ids } = (await response.json()) as { code: string; ids: string[] };
    expect([response.status, code, ids.length]).toEqual([409, 'block.ambiguous', 2]);
    expect((await get(`/blocks/${ids[0]}`)).status).toBe(200);
  });

  test('sending it again is not an error', async () => {
    const response = await node.postJson('/blocks', oldBlock('block-one', 'an old text', 1));
    expect([response.status, await response.json()]).toMatchObject([200, { status: 'known' }]);
  });

  test('lists by author’s name and by tag, of both versions', async () => {
    expect((await blocksOf('/blocks?created_by=author-2')).map((block) => block.created_by)).toEqual(['author-2']);
    expect(await blocksOf('/blocks?tag=native')).toHaveLength(1);
    expect(await blocksOf('/blocks?limit=2')).toHaveLength(2);
    expect(await blocksOf('/blocks/search?q=native+text&limit=1')).toHaveLength(1);
  });

  test('validates', async () => {
    const response = await node.postJson('/blocks/block-one/validate', '');
    expect(await response.json()).toMatchObject({ valid: true, reason: 'signature and content verified' });
  });

  test.each([
    ['/blocks/nothing', 404, 'block.not_found'],
    ['/blocks?limit=-1', 400, 'request.malformed'],
    ['/blocks?limit=x', 400, 'request.malformed'],
    [`/blocks/search?tags=${Array.from({ length: 1500 }, (_, i) => i).join(',')}`, 400, 'request.malformed'],
    ['/nodes/nobody', 404, 'block.not_found'],
  ])('GET %.40s is %i %s', async (path, status, code) => {
    expect(await problem(await get(path))).toEqual({ status, code });
  });

  test('nodes that register are listed, and must say who they are', async () => {
    expect((await node.postJson('/nodes', '{"id": "n1", "name": "first"}')).status).toBe(200);
    expect(await (await get('/nodes/n1')).json()).toEqual({ id: 'n1', name: 'first' });
    expect(await problem(await node.postJson('/nodes', '{}'))).toEqual({ status: 400, code: 'request.malformed' });
    expect(await problem(await node.postJson('/blocks', ''))).toEqual({ status: 400, code: 'request.malformed' });
  });
});
