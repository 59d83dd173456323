import type { Plan } from './plan.js';
import type { Outcome } from './simulate.js';

/** What a run of a world found, as one value: `outcome` apart from what machines alone read. */
export function reportOf(plan: Plan, outcome: Outcome, replay: string): Readonly<Record<string, unknown>> {
  const { seed, nodes, hostile } = plan;
  const names = [...new Set(hostile)].map((name) => [name, hostile.filter((one) => one === name).length]);
  const overhead = outcome.neededBytes === 0 ? undefined : round(outcome.bytes / outcome.neededBytes);
  return { seed, nodes, hostile: Object.fromEntries(names) as object, ...outcome, bytesPerNeeded: overhead, replay };
}

/** The same for people. */
export function reportText(plan: Plan, outcome: Outcome, replay: string): string {
  const { converged, violations, tookMs, spreadMs, published, crashes, restarts, bytes, frames, neededBytes } = outcome;
  const bad = [...new Set(plan.hostile)].map(
    (name) => `${plan.hostile.filter((one) => one === name).length} × ${name}`,
  );
  const lines = [
    `world      seed ${plan.seed}: ${plan.nodes} nodes${bad.length === 0 ? '' : `, ${bad.join(', ')}`}; ${seconds(outcome.simulatedMs)} simulated`,
    `published  ${published} blocks acknowledged; ${crashes} crashes, ${restarts} restarts`,
    converged
      ? `converged  all have all that they want, ${seconds(tookMs)} after the network was whole`
      : `apart      not every node has every block, ${seconds(tookMs)} after the network was whole`,
    `spread     to all: half within ${seconds(spreadMs.p50)}, 99 of 100 within ${seconds(spreadMs.p99)}, the last ${seconds(spreadMs.most)}`,
    `traffic    ${bytes} bytes in ${frames} frames${neededBytes === 0 ? '' : `, ${round(bytes / neededBytes)} for each byte that somebody lacked`}`,
    violations.length === 0 ? 'invariants all hold' : `invariants ${violations.length} broken:`,
    ...violations.map((one) => `  ${one}`),
    `replay     ${replay}   (trace ${outcome.trace})`,
  ];
  return lines.join('\n');
}

const seconds = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${round(ms / 1000)} s`);
const round = (value: number): number => Math.round(value * 100) / 100;
