import {
  checkBlock,
  corePlugins,
  createRegistry,
  sha256,
  type Accept,
  type BlockStore,
  type CheckedBlock,
  type Checks,
  type Registry,
  type Source,
} from '@cosmicembeddings/sdk';
import { createDoor as createRealDoor } from '../door/accept.js';
import { createAdmission, type Policy } from '../door/admission.js';
import { verifierOf } from '../door/crypto/index.js';
import { NETWORK } from './blocks.js';

const native = verifierOf('auto');
const VERDICTS_MAX = 20_000;
const verified = new Map<string, boolean>();
const core = createRegistry(corePlugins);

/** How a simulated node checks: all but the sky, which has no part in how nodes agree. */
export function checksOf(registry: Registry = core, trusting = false): Checks {
  return {
    network: NETWORK,
    registry,
    sha256,
    // Every node of a world checks every block: the verdict on the same bytes is worked out once.
    verify: (signature, message, key) => {
      if (trusting) return true;
      // One flat text: hex digits joined one by one hold a hundred times their length.
      const name = Buffer.concat([sha256(message), signature]).toString('latin1');
      let verdict = verified.get(name);
      if (verdict === undefined) {
        if (verified.size >= VERDICTS_MAX) verified.clear();
        verified.set(name, (verdict = native.verify(signature, message, key)));
      }
      return verdict;
    },
    sky: { check: () => ({ ok: true }) },
  };
}

export interface DoorOptions {
  readonly refuse?: ((id: string) => boolean) | undefined;
  readonly policy?: Policy | undefined;
  readonly registry?: Registry | undefined;
  /** Takes every signature for good. */
  readonly trusting?: boolean;
  /** As a node's own door: what is kept of what peers bring, and who is told of the rest. */
  covers?(block: CheckedBlock): boolean;
  onUncovered?(block: CheckedBlock, bytes: Uint8Array): void;
  /** Each answer to a block, whoever brought it. */
  onAnswer?(answer: Awaited<ReturnType<Accept>>, source: Source): void;
}

/** The node's own door over a memory store, blocks judged in this thread. `verdicts`: of peers' blocks, by status or code. */
export function createDoor(
  store: BlockStore,
  now: () => number,
  onStored: () => void,
  { refuse, policy = {}, registry, trusting, onAnswer, covers, onUncovered }: DoorOptions = {},
  verdicts = new Map<string, number>(),
): { accept: Accept; verdicts: Map<string, number> } {
  const checks = checksOf(registry, trusting);
  const admit = createAdmission(policy);
  const door = createRealDoor({
    store,
    pool: {
      check: async (wire) => checkBlock(wire, checks),
      verifier: 'memo',
      fault: () => undefined,
      close: async () => undefined,
    },
    admission: (candidate, nowMs) =>
      refuse?.((candidate.block as CheckedBlock).id) === true
        ? { rule: 'test', detail: 'test' }
        : admit(candidate, nowMs),
    clock: { now, sleep: () => Promise.reject(new Error('a door does not sleep')) },
    inFlightMax: 4096,
    inFlightMaxBytes: 2 ** 27,
    onStored,
    ...(covers === undefined ? {} : { covers }),
    ...(onUncovered === undefined ? {} : { onUncovered }),
  });
  const accept: Accept = async (bytes, source) => {
    const verdict = await door.accept(bytes, source);
    onAnswer?.(verdict, source);
    if (source.type === 'peer') {
      const name = verdict.status === 'rejected' ? verdict.code : verdict.status;
      verdicts.set(name, (verdicts.get(name) ?? 0) + 1);
    }
    return verdict;
  };
  return { accept, verdicts };
}
