import type { Network, Transport } from '../ports/index.js';
import type { SuiteRunner } from './index-suite.js';

export interface TransportSubject {
  readonly name: string;
  /** A listening network and one that reaches it at `address`. */
  open(): Promise<{
    readonly server: Network;
    readonly client: Network;
    readonly address: string;
    close(): Promise<void>;
  }>;
  /** An address that nobody answers at. */
  readonly nowhere: string;
}

/** What every Network and its Transports must do. */
export function transportSuite({ describe, test }: SuiteRunner, subject: TransportSubject): void {
  const connected = async (
    work: (near: Transport, far: Transport, both: { server: Network; client: Network }) => Promise<void>,
  ): Promise<void> => {
    const { server, client, address, close } = await subject.open();
    try {
      const incoming = server.accept()[Symbol.asyncIterator]().next();
      const near = await client.dial(address);
      const { value: far } = (await incoming) as IteratorYieldResult<Transport>;
      await work(near, far, { server, client });
    } finally {
      await close();
    }
  };

  describe(`transport: ${subject.name}`, () => {
    test('frames arrive whole, in order, in both directions', () =>
      connected(async (near, far) => {
        const frames = Array.from({ length: 200 }, (_, i) => new Uint8Array(i * 37).fill(i));
        const there = collect(far, frames.length);
        const back = collect(near, frames.length);
        for (const frame of frames) await Promise.all([near.send(frame), far.send(frame)]);
        sameFrames(await there, frames);
        sameFrames(await back, frames);
      }));

    test('both ends know who is there and who dialled', () =>
      connected(async (near, far) => {
        holds(near.remote.direction === 'out' && far.remote.direction === 'in', 'directions');
        holds(near.remote.address.length > 0 && far.remote.address.length > 0, 'addresses');
      }));

    test('the sender may reuse its buffer once send has resolved and the frame has arrived', () =>
      connected(async (near, far) => {
        const frame = Uint8Array.of(1, 2, 3);
        const first = collect(far, 1);
        await near.send(frame);
        const [arrived] = await first;
        frame.fill(9);
        holds(arrived!.join() === '1,2,3', 'the frame was copied');
      }));

    test('a frame of four megabytes and one of no bytes pass', () =>
      connected(async (near, far) => {
        const got = collect(far, 2);
        await near.send(new Uint8Array(4 * 1024 * 1024).fill(5));
        await near.send(new Uint8Array(0));
        const [large, empty] = await got;
        holds(large!.length === 4 * 1024 * 1024 && large!.every((byte) => byte === 5), 'the large frame');
        holds(empty!.length === 0, 'the empty frame');
      }));

    test('a reader that does not read holds the sender back', () =>
      connected(async (near, far) => {
        const frame = new Uint8Array(64 * 1024);
        let sent = 0;
        let waiting = true;
        const sending = (async () => {
          for (; sent < 2_000 && waiting; sent++) await near.send(frame);
        })().catch(() => undefined);
        const turns = Promise.race([sending.then(() => 'all'), stuck(() => sent)]);
        holds((await turns) === 'stuck', `sent ${sent} frames to nobody`);
        waiting = false;
        const before = sent;
        await collect(far, before + 1);
        await sending;
      }));

    test('closing ends the other side after what was sent', () =>
      connected(async (near, far) => {
        await near.send(Uint8Array.of(1));
        await near.send(Uint8Array.of(2));
        void near.close();
        const got: number[] = [];
        for await (const frame of far) got.push(frame[0]!);
        holds(got.join() === '1,2', `got ${got.join()}`);
      }));

    test('sending on a closed transport is refused, closing twice is not', () =>
      connected(async (near) => {
        await near.close();
        await near.close();
        await rejects(near.send(Uint8Array.of(1)), 'node.unreachable');
      }));

    test('nobody there: the dial is refused with a code', async () => {
      const { client, close } = await subject.open();
      await rejects(client.dial(subject.nowhere), 'node.unreachable');
      await close();
    });

    test('a dial can be called off', async () => {
      const { client, address, close } = await subject.open();
      await rejects(client.dial(address, AbortSignal.abort(new Error('called off'))), undefined);
      await close();
    });

    test('closing a network ends its transports and its accept', async () => {
      const { server, client, address, close } = await subject.open();
      const accepting = server.accept()[Symbol.asyncIterator]();
      const incoming = accepting.next();
      const near = await client.dial(address);
      await incoming;
      const ended = (async () => {
        for await (const frame of near) void frame;
      })();
      await server.close();
      await ended;
      holds((await accepting.next()).done === true, 'accept ends');
      await close();
    });
  });
}

/** Resolves when `count` has stood still for many turns of the event loop. */
async function stuck(count: () => number): Promise<'stuck'> {
  for (let before = -1, still = 0; still < 20;) {
    const now = count();
    still = now === before ? still + 1 : 0;
    before = now;
    // A message channel turns the event loop in browsers and Node alike.
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      let turns = 0;
      port1.onmessage = () => {
        if (++turns < 200) return port2.postMessage(0);
        port1.close();
        resolve();
      };
      port2.postMessage(0);
    });
  }
  return 'stuck';
}

async function collect(transport: Transport, count: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  const iterator = transport[Symbol.asyncIterator]();
  while (frames.length < count) {
    const { value, done } = await iterator.next();
    if (done === true) throw new Error(`ended after ${frames.length} of ${count} frames`);
    frames.push(value);
  }
  return frames;
}

function sameFrames(got: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  got.forEach((frame, i) =>
    holds(frame.length === expected[i]!.length && frame.every((byte, j) => byte === expected[i]![j]), `frame ${i}`),
  );
}

async function rejects(work: Promise<unknown>, code: string | undefined): Promise<void> {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error as { code?: string },
  );
  holds(failure !== undefined, 'expected a rejection');
  if (code !== undefined) holds(failure!.code === code, `expected ${code}, got ${failure!.code}`);
}

function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`does not hold: ${what}`);
}
