import { parentPort, workerData } from 'node:worker_threads';
import { createRegistry, parseCid, type Follower, type TailItem } from '@cosmicembeddings/sdk';
import { classify } from '@cosmicembeddings/sdk/block';
import { readingBlock, serveFollower, type FollowerPart } from '../../follow/index.js';
import { loadPlugins } from '../../plugins.js';
import { StoreReader } from '../../store/sqlite/index.js';
import type { FromJudge, JudgeSetup, Seen, ToJudge } from './index.js';

const setup = workerData as JudgeSetup & { readonly follower: FollowerPart };
const port = parentPort!;
const registry = createRegistry(await loadPlugins(setup.plugins));
const reader = new StoreReader(setup.storePath, setup.engine);
const waiting = new Map<number, { resolve(): void; reject(error: unknown): void }>();
let numbers = 0;

/** What came after the start has been judged by these kinds already. */
function seenOf(item: TailItem): Seen | undefined {
  if (item.type !== 'put' || item.seq > setup.until) return undefined;
  const { block } = item;
  if (block.seq !== item.seq || block.body === null || block.erased !== undefined || block.format !== 'native/2')
    return undefined;
  const entry = readingBlock(block.id, () => classify(block.envelope, block.body, registry));
  return { id: block.id, digest: parseCid(block.id).digest!, entry };
}

const follower: Follower = {
  name: 'kinds',
  version: JSON.stringify(setup.kinds),
  wants: { kinds: Object.keys(setup.kinds) },
  durable: () => setup.cursor,
  take: async (items, upTo, at) => {
    const blocks = items.flatMap((item) => {
      at(item);
      return seenOf(item) ?? [];
    });
    const number = ++numbers;
    await new Promise<void>((resolve, reject) => {
      waiting.set(number, { resolve, reject });
      port.postMessage({ type: 'seen', number, blocks, cursor: upTo } satisfies FromJudge);
    });
  },
};

const following = await serveFollower(follower, { store: reader, part: setup.follower, port });

port.on('message', (message: ToJudge) => {
  if (message.type === 'written') {
    const one = waiting.get(message.number);
    waiting.delete(message.number);
    if (message.error === undefined) one?.resolve();
    else one?.reject(new Error(message.error));
    return;
  }
  void following.close().then(() => {
    reader.close();
    port.close();
  });
});
