import { isIP } from 'node:net';
import { peerAddress } from '../address.js';
import { prefixOf } from '../own-address.js';
import { hostOf, mayBeDialled, rangeOf, type Range } from './ranges.js';

interface Hint {
  readonly address: string;
  /** Of the address that it stands for, else the name itself: many names of one network are one voice. */
  readonly group: string;
  readonly source: string;
  failures: number;
  restUntilMs: number;
}

export interface HintLimits {
  readonly hintsMax: number;
  /** Of one source, and of one address prefix. */
  readonly perSource: number;
  readonly perGroup: number;
  readonly failuresMax: number;
  readonly restMs: number;
}

export const hintLimits: HintLimits = {
  hintsMax: 256,
  perSource: 32,
  perGroup: 4,
  failuresMax: 3,
  restMs: 60_000,
};

/** Addresses by hearsay. Bounded for each who says them and for each network that they are in, so that nobody fills the book alone. */
export class Hints {
  private readonly book = new Map<string, Hint>();

  constructor(
    private readonly ranges: readonly Range[],
    private readonly random: () => number,
    private readonly limits: HintLimits = hintLimits,
  ) {}

  /** False for what is no address, may not be dialled, is known, or has no room. */
  add(text: string, source: string): boolean {
    let address: string;
    try {
      address = peerAddress(text);
    } catch {
      return false;
    }
    if (this.book.has(address)) return false;
    const host = hostOf(address);
    if (isIP(host) !== 0 && !mayBeDialled(host, this.ranges)) return false;
    // A name of this machine is an address of it; others are judged when they resolve.
    if (/(^|\.)localhost\.?$/i.test(host) && !this.ranges.includes('loopback')) return false;
    const group = groupOf(host, address);
    const all = [...this.book.values()];
    if (all.filter((hint) => hint.source === source).length >= this.limits.perSource) return false;
    if (all.filter((hint) => hint.group === group).length >= this.limits.perGroup) return false;
    if (this.book.size >= this.limits.hintsMax) {
      const worst = all.reduce((most, hint) => (hint.failures > most.failures ? hint : most));
      if (worst.failures === 0) return false;
      this.book.delete(worst.address);
    }
    this.book.set(address, { address, group, source, failures: 0, restUntilMs: 0 });
    return true;
  }

  /** One to dial now, in a network where none of `dialled` is. */
  next(dialled: readonly string[], nowMs: number): string | undefined {
    const taken = new Set(dialled);
    // Those of the configuration are in no book, and stand for their networks as well.
    const groups = new Set(dialled.map((address) => groupOf(hostOf(address), address)));
    const open = [...this.book.values()].filter(
      (hint) => !taken.has(hint.address) && !groups.has(hint.group) && hint.restUntilMs <= nowMs,
    );
    return open[Math.floor(this.random() * open.length)]?.address;
  }

  has(address: string): boolean {
    return this.book.has(address);
  }

  /** Nobody answered there, or not who should: it rests, and is forgotten in the end. */
  failed(address: string, nowMs: number): void {
    const hint = this.book.get(address);
    if (hint === undefined) return;
    hint.failures += 1;
    hint.restUntilMs = nowMs + this.limits.restMs * 2 ** hint.failures;
    if (hint.failures >= this.limits.failuresMax) this.book.delete(address);
  }

  worked(address: string): void {
    const hint = this.book.get(address);
    if (hint !== undefined) hint.failures = 0;
  }

  get size(): number {
    return this.book.size;
  }
}

/** Diversity is for the open network: in a local one each address counts for itself. Names of one domain are one: whoever holds it makes as many as they like. */
function groupOf(host: string, address: string): string {
  if (isIP(host) === 0) return host.split('.').filter(Boolean).slice(-2).join('.').toLowerCase();
  return rangeOf(host) === 'public' ? prefixOf(host.includes(':') ? `[${host}]:0` : `${host}:0`) : address;
}
