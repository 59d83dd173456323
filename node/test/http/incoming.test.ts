import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { concatBytes, utf8, type Rejected } from '@cosmicembeddings/sdk';
import { cborBlocks, jsonBlocks, type Incoming, type IncomingRooms } from '../../src/http/incoming.js';
import { createRoom } from '../../src/http/room.js';
import { makeBlock } from '../../src/testing/index.js';

const roomsOf = (bytes: number, patienceMs = 60_000): IncomingRooms => ({
  small: createRoom(bytes, patienceMs),
  large: createRoom(bytes, patienceMs),
});
const inPieces = (bytes: Uint8Array, size: number): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
    })(),
  );
async function all(items: AsyncIterable<readonly Incoming[]>): Promise<(Uint8Array | Rejected)[]> {
  const found: (Uint8Array | Rejected)[] = [];
  for await (const some of items)
    for (const { item, release } of some) {
      found.push(item);
      release();
    }
  return found;
}
const plain = (items: (Uint8Array | Rejected)[]): unknown[] =>
  items.map((item) => (item instanceof Uint8Array ? Buffer.from(item).toString('hex') : item));

describe('blocks as they arrive', () => {
  const wires = [100, 70_000, 3, 300_000, 200].map((bodyBytes, n) => makeBlock(n, { bodyBytes }));
  const lines = [utf8('{"a":1}'), utf8(`{"b":"${'é'.repeat(50_000)}"}`), utf8('{}')];
  const read = async (line: string): Promise<Uint8Array> => utf8(line);

  test.each([1, 7, 1_000, 65_536, 1 << 20])('in pieces of %i bytes', async (size) => {
    const rooms = roomsOf(1 << 24);
    expect(plain(await all(cborBlocks(inPieces(concatBytes(...wires), size), rooms)))).toEqual(plain(wires));
    const text = concatBytes(...lines.flatMap((line) => [line, utf8('\n\n')]));
    expect(plain(await all(jsonBlocks(inPieces(text, size), rooms, read, 1 << 20)))).toEqual(plain(lines));
    expect([rooms.small.taken, rooms.large.taken]).toEqual([0, 0]);
  });

  test('a byte at a time costs a byte at a time: what was there before is not looked at again', async () => {
    const rooms = roomsOf(1 << 24);
    const block = makeBlock(9, { bodyBytes: 1 << 20 });
    expect(plain(await all(cborBlocks(inPieces(block, 8), rooms)))).toEqual(plain([block]));
    const line = utf8(`"${'x'.repeat(400_000)}"`);
    expect(await all(jsonBlocks(inPieces(line, 2), rooms, read, 1 << 20))).toHaveLength(1);
  }, 5_000);

  test('what cannot be read because of a fault of ours keeps no room', async () => {
    const rooms = roomsOf(1 << 24);
    const fail = (): Promise<Uint8Array> => Promise.reject(new Error('the worker is gone'));
    for (const line of lines)
      await expect(all(jsonBlocks(inPieces(line, 4096), rooms, fail, 1 << 20))).rejects.toThrow('the worker is gone');
    expect([rooms.small.taken, rooms.large.taken]).toEqual([0, 0]);
  });

  test('a large one waits for room before it is read, small ones go by, and nothing is held that was not answered', async () => {
    const rooms = roomsOf(400_000);
    const large = cborBlocks(inPieces(makeBlock(1, { bodyBytes: 300_000 }), 4096), rooms);
    const [first] = (await large.next()).value as Incoming[];
    const second = cborBlocks(inPieces(makeBlock(2, { bodyBytes: 300_000 }), 4096), rooms).next();
    const small = await cborBlocks(inPieces(makeBlock(3, { bodyBytes: 300 }), 4096), rooms).next();
    expect((small.value as Incoming[])[0]!.item).toBeInstanceOf(Uint8Array);
    expect(rooms.large.taken).toBeLessThan(310_000);
    first!.release();
    expect(((await second).value as Incoming[])[0]!.item).toBeInstanceOf(Uint8Array);
    expect(rooms.large.taken).toBeGreaterThan(300_000);
  });

  test('blocks of a piece are handed on before one of them waits for room', async () => {
    const small = [1, 2, 3].map((n) => makeBlock(n, { bodyBytes: 300 }));
    const bytes = concatBytes(...small);
    const rooms = roomsOf(small[0]!.length + small[1]!.length + 1);
    const pieces = cborBlocks(inPieces(bytes, bytes.length), rooms);
    const first = (await pieces.next()).value as Incoming[];
    expect(plain(first.map(({ item }) => item))).toEqual(plain(small.slice(0, 2)));
    const rest = pieces.next();
    for (const { release } of first) release();
    const last = (await rest).value as Incoming[];
    expect(plain(last.map(({ item }) => item))).toEqual(plain(small.slice(2)));
  });

  test('who waits too long for room is told so; a body that breaks off gives its room back', async () => {
    const rooms = roomsOf(400_000, 20);
    const held = (await rooms.large.take(200_000))!;
    const wire = makeBlock(1, { bodyBytes: 300_000 });
    expect(await all(cborBlocks(inPieces(wire, 4096), rooms))).toMatchObject([{ code: 'node.busy' }]);
    held();
    expect(await all(cborBlocks(inPieces(wire.subarray(0, 9_000), 512), rooms))).toMatchObject([
      { code: 'block.malformed' },
    ]);
    expect(rooms.large.taken).toBe(0);
    const long = utf8('x'.repeat(200_000));
    expect(await all(jsonBlocks(inPieces(long, 4096), rooms, read, 100_000))).toMatchObject([
      { code: 'block.too_large' },
    ]);
    expect([rooms.small.taken, rooms.large.taken]).toEqual([0, 0]);
  });
});
