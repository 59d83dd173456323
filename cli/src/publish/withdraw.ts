import { createBlock, CosmicError, type Author } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import type { Journal } from './journal.js';

/** Retracts blocks of the author's own, one after the other, each noted down. @throws CosmicError as the node refuses one */
export async function withdraw(
  ids: readonly string[],
  author: Author,
  client: NodeClient,
  journal: Journal,
  now: () => number,
): Promise<void> {
  for (const id of ids) {
    const { wire } = await createBlock(
      { kind: 'retract/1', fields: {}, refs: [{ rel: 'retracts', id }], timeMs: now() },
      author,
    );
    const [answer] = await client.publish([wire]);
    if (answer?.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
    journal.add([{ event: 'retracted', ids: [id] }]);
  }
}
