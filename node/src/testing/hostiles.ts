import { parseCid } from '@cosmicembeddings/sdk';
import { encodeFrame } from '@cosmicembeddings/sdk/sync';
import { makeBlock, makeReceipt, nodeDid } from './blocks.js';
import type { Stranger } from './stranger.js';
import type { TestNode, World } from './world.js';

/** What a Byzantine peer does to one node, for as long as the world turns. Times and keys come from the world's seed. */
export interface Hostile {
  /** Joins; from now on it acts on its own. */
  join(world: World, victim: TestNode, name: string, key: number): Promise<void>;
}

/** Comes back whenever it was put out, as one who wants to do harm does. */
async function keepComing(
  world: World,
  victim: TestNode,
  name: string,
  /** Who it says it is, each time it comes. */
  key: number | ((visit: number) => Parameters<World['stranger']>[2]),
  act: (line: Stranger, turn: number) => Promise<void>,
  everyMs = 1_000,
  says: Parameters<World['stranger']>[3] = {},
): Promise<void> {
  void (async () => {
    for (let visit = 0; world.isOpen; visit++) {
      const line = await world
        .stranger(`${name}.${visit}`, victim, typeof key === 'number' ? key : key(visit), says)
        .catch(() => undefined);
      for (let turn = 0; line !== undefined && !line.ended && world.isOpen; turn++) {
        if (line.session.isReady) await act(line, turn);
        await world.clock.sleep(everyMs);
      }
      await line?.close();
      await world.clock.sleep(everyMs);
    }
  })();
}

const noise = (world: World): Uint8Array =>
  new Uint8Array(Uint32Array.from({ length: 8 }, () => world.random() * 2 ** 32).buffer);

/** Each hostile behaviour by its name. */
export const hostiles: Readonly<Record<string, Hostile>> = {
  /** Announces ids that nobody has, as fast as it may. */
  'id spammer': {
    join: (world, victim, name, key) =>
      keepComing(world, victim, name, key, async (line) => {
        const items = Array.from({ length: 256 }, () => ({ timeMs: world.clock.now(), digest: noise(world) }));
        for (let i = 0; i < 8; i++)
          await line.say(line.session.have(items.map((item) => ({ ...item, digest: noise(world) }))));
      }),
  },
  /** Announces every block that exists and gives none. */
  'promise breaker': {
    join: (world, victim, name, key) =>
      keepComing(
        world,
        victim,
        name,
        key,
        async (line) => {
          const items = world.nodes.flatMap(({ store }) =>
            store.blocks().map(({ id, timeMs }) => ({ timeMs, digest: parseCid(id).digest! })),
          );
          await line.say(line.session.have(items));
        },
        20,
      ),
  },
  /** Gives blocks whose signatures are not their authors’. */
  forger: {
    join: (world, victim, name, key) =>
      keepComing(world, victim, name, key, async (line, turn) => {
        const bad = makeBlock(5000 + turn).slice();
        bad[bad.length - 250]! ^= 1;
        await line.say(line.session.give([bad, bad.map((byte, i) => (i === bad.length - 251 ? byte ^ 1 : byte))]));
      }),
  },
  /** Gives blocks of tomorrow. */
  'clock attacker': {
    join: (world, victim, name, key) =>
      keepComing(world, victim, name, key, async (line, turn) => {
        await line.say(line.session.give([makeBlock(6000 + turn, { timeMs: world.clock.now() + 86_400_000 })]));
      }),
  },
  /** Pings without end. */
  pinger: {
    join: (world, victim, name, key) =>
      keepComing(
        world,
        victim,
        name,
        key,
        async (line) => {
          for (let n = 0; n < 200; n++) void line.sayRaw(encodeFrame({ type: 'ping', nonce: n }));
        },
        500,
      ),
  },
  /** Begins one reconciliation after another and ends none. */
  looper: {
    join: (world, victim, name, key) =>
      keepComing(
        world,
        victim,
        name,
        key,
        async (line) => {
          line.isDeaf = true;
          for (let n = 0; n < 20; n++) {
            void line.sayRaw(encodeFrame({ type: 'sketch', from: 0, cells: 4096, counts: 0 }));
            void line.sayRaw(encodeFrame({ type: 'settled' }));
          }
        },
        500,
      ),
  },
  /** Opens connections and says nothing more. */
  crowd: {
    join: async (world, victim, name, key) => {
      void (async () => {
        for (let n = 0; world.isOpen && n < 300; n++) {
          await world.stranger(`${name}.${n}`, victim, { claims: key }).catch(() => undefined);
          await world.clock.sleep(100);
        }
      })();
    },
  },
  /** Comes again and again, each time with a coverage that nobody has, has it compared and stays. */
  'coverage inventor': {
    join: async (world, victim, name, key) => {
      void (async () => {
        for (let n = 0; world.isOpen && n < 60; n++) {
          const covers = { coverage: [{ tagsAny: [`${name} ${n}`] }] };
          // Names are proven: a node heeds no other's coverage. Keys cost nothing.
          const line = await world.stranger(`${name}.${n}`, victim, key * 1_000 + n, { covers }).catch(() => undefined);
          await world.clock.sleep(500);
          if (line?.session.isReady === true) await line.say(line.session.reconcile());
        }
      })();
    },
  },
  /** Says ever anew that it passes blocks on to many whom nobody knows. */
  'relay inventor': {
    join: (world, victim, name, key) =>
      keepComing(
        world,
        victim,
        name,
        key,
        async (line, turn) => {
          const relays = Array.from({ length: 48 }, (_, n) => ({
            hops: 1,
            coverage: [
              { tagsAny: Array.from({ length: 24 }, (_, i) => `${name} ${turn} ${n} ${i} ${'-'.repeat(80)}`) },
            ],
          }));
          await line.say(line.session.relays(relays));
        },
        1_000,
        { covers: { coverage: [{ tagsAny: [name] }] } },
      ),
  },
  /** Asks ever again whether all is equal, and does not listen. */
  'equal asker': {
    join: (world, victim, name, key) =>
      keepComing(
        world,
        victim,
        name,
        key,
        async (line) => {
          line.isDeaf = true;
          const from = { timeMs: 0, digest: new Uint8Array(32) };
          const to = { timeMs: Number.MAX_SAFE_INTEGER, digest: new Uint8Array(32).fill(255) };
          for (let n = 0; n < 150; n++)
            void line.sayRaw(encodeFrame({ type: 'equal', ranges: Array.from({ length: 4 }, () => ({ from, to })) }));
        },
        500,
        { sketches: true },
      ),
  },
  /** Says that it is another node of the world, now by its word and now by a proof that is none, under which it does harm; by its word it stays. */
  impostor: {
    join: (world, victim, name) => {
      const other = world.nodes.length - (victim === world.nodes.at(-1) ? 2 : 1);
      let isProof = false;
      return keepComing(
        world,
        victim,
        name,
        (visit) => {
          isProof = visit % 2 === 0;
          return isProof ? { forges: other } : { claims: other };
        },
        async (line, turn) => {
          if (!isProof) return line.say(line.session.have([]));
          const bad = Array.from({ length: 16 }, (_, i) => makeBlock(7000 + 16 * turn + i).slice());
          for (const one of bad) one[one.length - 250]! ^= 1;
          await line.say(line.session.give(bad));
        },
      );
    },
  },
  /** Countersigns blocks that it never had, more and more of them, in its own name; and in the names of honest nodes. */
  'false witness': {
    join: async (world, victim, name, key) => {
      const ids = (): string[] =>
        world.nodes.flatMap(({ store }) =>
          store.blocks().flatMap(({ id, entry }) => (entry.kind === 'receipt/1' ? [] : [id])),
        );
      const of = (): string[] => [...new Set(ids())].slice(0, 100);
      await keepComing(world, victim, `${name}.own`, key, async (line, turn) => {
        const seen = of();
        if (seen.length === 0) return;
        const receipts = Array.from({ length: 4 }, (_, i) =>
          makeReceipt(4 * turn + i, { of: seen, timeMs: world.clock.now(), by: key }),
        );
        await line.say(line.session.give(receipts));
      });
      await keepComing(world, victim, `${name}.stolen`, key + 500, async (line, turn) => {
        const seen = of();
        if (seen.length === 0) return;
        const as = nodeDid(turn % world.nodes.length);
        await line.say(
          line.session.give([makeReceipt(turn, { of: seen, timeMs: world.clock.now(), by: key + 500, as })]),
        );
      });
    },
  },
  /** Says that it has everything; when asked, that half is gone, and of the rest one after another, slowly. */
  withholder: {
    join: (world, victim, name, key) => {
      let held: Uint8Array[] = [];
      return keepComing(
        world,
        victim,
        name,
        key,
        async (line, turn) => {
          const ids = world.nodes.flatMap(({ store }) => store.blocks().map(({ id }) => parseCid(id).digest!));
          await line.say(line.session.have(ids.map((digest) => ({ timeMs: world.clock.now(), digest }))));
          if (turn === 0) held = [];
          for (const wish of line.heard.splice(0)) {
            if (wish.type !== 'wanted') continue;
            const half = wish.ids.length >> 1;
            await line.say(line.session.gone('block.not_found', wish.ids.slice(0, half)));
            held.push(...wish.ids.slice(half));
          }
          // Just before patience ends.
          const next = turn % 30 === 29 ? held.shift() : undefined;
          if (next !== undefined) await line.say(line.session.gone('block.not_found', [next]));
        },
        50,
      );
    },
  },
};
