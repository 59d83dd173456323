import { Budget } from './budget.js';
import type { SyncLimits } from './limits.js';

/** Address prefixes whose rate of arrival is watched; the longest quiet is forgotten. */
const PREFIXES_MAX = 4096;

/** How often each address prefix begins connections: nobody keeps a node busy with handshakes. */
export class Arrivals {
  private readonly budgets = new Map<string, Budget>();

  constructor(private readonly limits: Pick<SyncLimits, 'arrivalsPerSecond' | 'arrivalsBurst'>) {}

  /** May one more come from there now? */
  mayCome(prefix: string, nowMs: number): boolean {
    const { arrivalsPerSecond, arrivalsBurst } = this.limits;
    const budget = this.budgets.get(prefix) ?? new Budget(arrivalsPerSecond, arrivalsBurst, nowMs);
    this.budgets.delete(prefix);
    this.budgets.set(prefix, budget);
    if (this.budgets.size > PREFIXES_MAX) this.budgets.delete(this.budgets.keys().next().value!);
    return budget.take(nowMs);
  }
}
