import { expect, test } from '@jest/globals';
import { concatBytes, toHex } from '../../src/bytes.js';
import { nextBlock, splitBlocks } from '../../src/block/index.js';
import { sampleBlocks } from '../../src/testing/index.js';
import { createSky } from '../../src/sky/index.js';

const wires = sampleBlocks((at) => createSky().stamp(at)).map(({ wire }) => wire);

test('a sequence splits into its blocks, whatever kind of byte array it comes in', () => {
  const whole = concatBytes(...wires);
  for (const bytes of [whole, Buffer.from(whole)]) {
    const parts = splitBlocks(bytes);
    expect(parts.map((part) => (part instanceof Uint8Array ? toHex(part) : part.code))).toEqual(wires.map(toHex));
    expect(toHex(bytes)).toBe(toHex(whole));
  }
});

test('every prefix asks for more and leaves the bytes alone', () => {
  for (const wire of wires.slice(0, 3)) {
    const bytes = Buffer.from(wire);
    for (const length of [0, 1, 7, 8, 100, wire.length - 65, wire.length - 1]) expect(nextBlock(bytes.subarray(0, length)).status).toBe('more');
    expect(nextBlock(bytes)).toEqual({ status: 'ok', end: wire.length });
    expect(toHex(bytes)).toBe(toHex(wire));
  }
});

test('wrong framing ends the sequence', () => {
  const parts = splitBlocks(concatBytes(wires[0]!, Uint8Array.of(1, 2, 3), wires[1]!));
  expect(parts).toHaveLength(2);
  expect(parts[1]).toMatchObject({ status: 'rejected', code: 'block.malformed' });
  expect(splitBlocks(wires[0]!.subarray(0, 50)).at(-1)).toMatchObject({ code: 'block.malformed', detail: 'input ends inside a block' });
});
