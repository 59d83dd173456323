import { expect, test } from '@jest/globals';
import { concatBytes, nextBlock, splitBlocks } from '../../src/index.js';
import { createSky } from '../../src/sky/index.js';
import { signBlock } from '../../src/testing/index.js';

const seed = new Uint8Array(32).fill(5);
const timeMs = 1_790_000_000_000;
const block = signBlock({
  seed,
  network: 'dev',
  header: {
    version: 2,
    kind: 'note.example/1',
    timestamp: timeMs,
    cosmic_signature: createSky().stamp({ timeMs }) as never,
  },
  body: { salt: new Uint8Array(16), tags: [], linked_blocks: [], note: 'x'.repeat(300) },
});

test('a block cut anywhere needs more bytes; whole, it ends where it ends', () => {
  for (let cut = 0; cut < block.length; cut++)
    expect([cut, nextBlock(block.subarray(0, cut))]).toMatchObject([cut, { status: 'more' }]);
  // As soon as its header is there, a block says how long it is: nobody has to look at its body again and again.
  const cut = block.subarray(0, block.length - 1);
  expect(nextBlock(cut)).toEqual({ status: 'more', needs: block.length });
  expect(nextBlock(cut.subarray(0, block.length - 200))).toEqual({ status: 'more', needs: block.length });
  expect(nextBlock(concatBytes(block, block.subarray(0, 9)))).toEqual({ status: 'ok', end: block.length });
});

test('a block that is wrong but well framed ends where it says: its check refuses it, and the next one is read', () => {
  const wrong = block.slice();
  // The kind's text is in the header: its first letter becomes one that no kind may have.
  wrong[Buffer.from(wrong).indexOf('note.example/1')] = 0x21;
  expect(nextBlock(wrong)).toEqual({ status: 'ok', end: block.length });
  expect(splitBlocks(concatBytes(wrong, block))).toEqual([wrong, block]);
});

test('a sequence is split into its blocks; what ends inside one, or begins none, is the last item', () => {
  expect(splitBlocks(concatBytes(block, block))).toEqual([block, block]);
  expect(splitBlocks(concatBytes(block, block.subarray(0, 100))).at(-1)).toMatchObject({
    status: 'rejected',
    code: 'block.malformed',
  });
  expect(splitBlocks(concatBytes(block, Uint8Array.of(1, 2, 3)))).toMatchObject([
    block,
    { status: 'rejected', code: 'block.malformed' },
  ]);
});
