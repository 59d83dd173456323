import { checkAny, CosmicError, portableChecks, type Accepted, type CheckedBlock } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { passes, testsOf, type Filter } from '@cosmicembeddings/sdk/filter';

/** Judges like a node and keeps in memory; `cutAfter` loses the connection after keeping. */
export function memoryNode(did = 'did:a', network = 'dev') {
  const checks = portableChecks(network);
  const kept = new Map<string, CheckedBlock>();
  const wires = new Map<string, Uint8Array>();
  const state = { kept, cutAfter: Infinity, calls: 0, retracted: new Set<string>() };
  const client = {
    status: () => Promise.resolve({ node: did, network }),
    has: async (id: string) => {
      await new Promise((resolve) => setImmediate(resolve));
      return kept.has(id);
    },
    get: (id: string) => Promise.resolve(wires.has(id) ? { wire: wires.get(id)! } : undefined),
    find: (filter: Filter) => {
      const tests = testsOf(filter);
      return Promise.resolve({ ids: [...kept].filter(([, block]) => passes(block, tests)).map(([id]) => id) });
    },
    view: (_name: string, _query: string, { id }: { id: string }) =>
      Promise.resolve({
        result: {
          reasons: [
            ...(state.retracted.has(id) ? [{ rel: 'retracts', by: 'x', acts: true }] : []),
            ...[...kept.values()].flatMap(({ entry }) =>
              entry.refs.filter((ref) => ref.id === id).map(({ rel }) => ({ rel, by: 'y', acts: true })),
            ),
          ],
        },
      }),
    publish: async (given: readonly Uint8Array[]): Promise<Accepted[]> => {
      state.calls++;
      await new Promise((resolve) => setImmediate(resolve));
      const answers = given.map((wire): Accepted => {
        const checked = checkAny(wire, checks);
        if (checked.status === 'rejected') return checked;
        const known = kept.has(checked.id);
        kept.set(checked.id, checked);
        wires.set(checked.id, wire);
        return { status: known ? 'known' : 'stored', id: checked.id, seq: kept.size };
      });
      if (kept.size > state.cutAfter) throw new CosmicError('node.unreachable', 'cut off');
      return answers;
    },
  } as unknown as NodeClient;
  return { client, state };
}
