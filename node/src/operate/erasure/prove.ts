import { join } from 'node:path';
import type { KeptFiles, Stopped } from '../../follow/kept-files.js';
import { fieldNames, windowBytes } from './fields.js';
import { FingerprintSet, scanBytes, type Fingerprint } from './fingerprints.js';
import { journalFolder, type Journal } from './journal.js';
import { bytesBelow, filesBelow, scanFile } from './scan.js';

/** Where something of an erased body still stands. */
export interface Trace {
  /** Path below the folder, or the table. */
  readonly file: string;
  readonly offset?: number;
  readonly what: string;
}

/** What an erased body said and somebody else says too: it stays, with them. */
export interface Shared {
  readonly what: string;
  /** A block's id, or what else needs it. */
  readonly holder: string;
  readonly where: string;
}

export interface Proof {
  /** Pieces that were looked for. */
  readonly lookedFor: number;
  /** Bytes of files that were looked at, several times where there were many pieces. */
  readonly bytes: number;
  readonly traces: readonly Trace[];
  readonly shared: readonly Shared[];
  /** More of either was found than is listed. */
  readonly more: boolean;
}

export interface ProofLimits {
  /** Fingerprints in memory at a time; more need more passes over the files. About 40 bytes each. */
  readonly groupMax: number;
  readonly listMax: number;
}

export interface ProofOptions {
  /** Only whether there is a trace: the first one ends the search. */
  readonly quick?: boolean;
  /** Bytes that were looked at, and those that there are: a pass for each group of fingerprints. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
}

export const proofLimits: ProofLimits = { groupMax: 2_000_000, listMax: 200 };

/** Places in memory before it is settled who holds them: about 200 bytes each. */
const PLACES_MAX = 50_000;

/** Values of fewer bytes stand everywhere by chance; they are looked for where values stand, not between them. */
const BETWEEN_MIN = 4;
/** What the operator wrote, and the machinery of upkeep itself. */
const OPERATORS = ['config.json', 'peers.json', 'node.key', 'token', 'withhold.key', 'lock', 'erasures'];

/**
 * Looks for all that a journal says must be gone: long fields in every byte of every file, short ones in every table, every
 * vocabulary and between the values of files that have such. What kept blocks say as well is shared, and named.
 */
export function prove(
  stopped: Stopped,
  kept: readonly KeptFiles[],
  journal: Journal,
  limits: ProofLimits = proofLimits,
  { quick = false, onProgress }: ProofOptions = {},
): Proof {
  const found = new Findings(journal, limits.listMax);
  let bytes = 0;
  const groups = [...journal.groups(limits.groupMax)];
  const all = onProgress === undefined ? 0 : groups.length * bytesBelow(stopped.folder);
  const scanned = (more: number): void => onProgress?.(bytes + more, all);
  const done = (): Proof => ({ lookedFor: journal.longs + journal.shorts, bytes, ...found.all() });
  for (const group of groups) {
    bytes += proveLong(stopped, kept, new FingerprintSet(group, journal.hasher), found, { quick, scanned });
    if (quick && found.any) return done();
  }
  bytes += proveShort(stopped, kept, new FingerprintSet(journal.short(), journal.hasher), found);
  for (const room of kept) for (const what of room.leftovers(stopped)) found.trace({ file: room.paths[0]!, what });
  return done();
}

class Findings {
  private readonly traces: Trace[] = [];
  private readonly shared = new Map<string, Shared>();
  private more = false;

  constructor(
    private readonly journal: Journal,
    private readonly max: number,
  ) {}

  get any(): boolean {
    return this.traces.length > 0;
  }

  name({ field, block, length }: Fingerprint): string {
    const what = `${fieldNames[field] ?? 'field'}${length < windowBytes ? ` of ${length} bytes` : ''}`;
    return `${what} of ${this.journal.erasures[block]?.id ?? 'a block'}`;
  }

  trace(trace: Trace): void {
    if (this.traces.length < this.max) this.traces.push(trace);
    else this.more = true;
  }

  share(shared: Shared): void {
    const key = `${shared.what} ${shared.where}`;
    if (this.shared.size < this.max) this.shared.set(key, this.shared.get(key) ?? shared);
    else if (!this.shared.has(key)) this.more = true;
  }

  all(): Pick<Proof, 'traces' | 'shared' | 'more'> {
    return { traces: this.traces, shared: [...this.shared.values()], more: this.more };
  }
}

interface Place {
  readonly file: string;
  readonly offset: number;
}

function proveLong(
  stopped: Stopped,
  kept: readonly KeptFiles[],
  set: FingerprintSet,
  found: Findings,
  { quick, scanned }: { readonly quick: boolean; readonly scanned: (bytes: number) => void },
): number {
  const journal = journalFolder('.');
  let bytes = 0;
  const places = new Places(stopped, kept, set, found, quick);
  for (const file of filesBelow(stopped.folder)) {
    if (join('.', file).startsWith(journal)) continue;
    bytes += scanFile(join(stopped.folder, file), set, (index, offset) => places.note(index, { file, offset }));
    scanned(bytes);
    if (quick && found.any) return bytes;
  }
  places.settle();
  return bytes;
}

/** Where pieces were found. Many are settled some at a time; what is settled is not noted again. */
class Places {
  private readonly open = new Map<number, Place[]>();
  private readonly settled: Uint8Array;

  constructor(
    private readonly stopped: Stopped,
    private readonly kept: readonly KeptFiles[],
    private readonly set: FingerprintSet,
    private readonly found: Findings,
    private readonly quick = false,
  ) {
    this.settled = new Uint8Array(set.count);
  }

  /** One place of each file is enough to know. */
  note(index: number, place: Place): void {
    if (this.settled[index] === 1 || (this.quick && this.found.any)) return;
    const known = this.open.get(index);
    if (known === undefined) this.open.set(index, [place]);
    else if (!known.some(({ file }) => file === place.file)) known.push(place);
    if (this.open.size >= PLACES_MAX) this.settle();
  }

  settle(): void {
    settle(this.stopped, this.kept, this.set, this.open, this.found);
    for (const index of this.open.keys()) this.settled[index] = 1;
    this.open.clear();
  }
}

/** What was found and stands in a kept block too is shared; the rest is a trace. */
function settle(
  stopped: Stopped,
  kept: readonly KeptFiles[],
  set: FingerprintSet,
  places: Map<number, Place[]>,
  found: Findings,
): void {
  if (places.size === 0) return;
  const held = holdersOf(stopped, kept, set, [...places.keys()]);
  for (const [index, at] of places) {
    const what = found.name(set.at(index));
    const holder = held.get(index);
    for (const { file, offset } of at) {
      if (holder !== undefined) found.share({ what, holder, where: file });
      else if (OPERATORS.includes(file)) found.share({ what, holder: 'the operator', where: file });
      else found.trace({ file, offset, what });
    }
  }
}

/** Who holds these pieces: blocks that are kept, or values derived of them, such as the name of a space. */
function holdersOf(
  stopped: Stopped,
  kept: readonly KeptFiles[],
  set: FingerprintSet,
  indexes: readonly number[],
): Map<number, string> {
  const held = new Map<number, string>();
  const byLength = new Map<number, number[]>();
  for (const index of indexes) {
    const { length } = set.at(index);
    push(byLength, length, index);
  }
  const subsets = [...byLength].map(([length, all]) => ({ length, all, part: set.only(all) }));
  const look = (bytes: Uint8Array, holder: () => string | undefined): void => {
    for (const { length, all, part } of subsets)
      scanBytes(
        bytes,
        part,
        (index) => {
          const name = held.has(all[index]!) ? undefined : holder();
          if (name !== undefined) held.set(all[index]!, name);
        },
        length,
      );
  };
  for (const { id, bytes } of stopped.upkeep.keptBytes()) {
    for (const part of bytes) look(part, () => id);
    if (held.size === indexes.length) return held;
  }
  for (const values of [stopped.upkeep.values(), ...kept.map((room) => room.values(stopped))])
    for (const { value, holder } of values) if (value.length >= BETWEEN_MIN) look(Buffer.from(value), holder);
  return held;
}

function proveShort(stopped: Stopped, kept: readonly KeptFiles[], set: FingerprintSet, found: Findings): number {
  if (set.count === 0) return 0;
  const encoder = new TextEncoder();
  for (const values of [stopped.upkeep.values(), ...kept.map((room) => room.values(stopped))])
    for (const { where, value, holder } of values) {
      if (value.length === 0 || value.length >= windowBytes) continue;
      const bytes = encoder.encode(value);
      if (bytes.length >= windowBytes) continue;
      set.matchWhole(bytes, (index) => {
        const what = found.name(set.at(index));
        const holds = holder();
        if (holds === undefined) found.trace({ file: where, what });
        else found.share({ what, holder: holds, where });
      });
    }
  return proveBetween(stopped, kept, set, found);
}

/** Bytes between the values of a file: what was there before may show. */
function proveBetween(stopped: Stopped, kept: readonly KeptFiles[], set: FingerprintSet, found: Findings): number {
  const lengths = new Map<number, number[]>();
  for (let index = 0; index < set.count; index++) {
    const { length } = set.at(index);
    if (length >= BETWEEN_MIN) push(lengths, length, index);
  }
  const subsets = [...lengths].map(([length, all]) => ({ length, all, part: set.only(all) }));
  const places = new Places(stopped, kept, set, found);
  let scanned = 0;
  const look = (file: string, offset: number, bytes: Uint8Array): void => {
    scanned += bytes.length;
    for (const { length, all, part } of subsets)
      scanBytes(bytes, part, (index, at) => places.note(all[index]!, { file, offset: offset + at }), length);
  };
  for (const { offset, bytes } of stopped.upkeep.deadSpace()) look('store.sqlite', offset, bytes);
  for (const room of kept) for (const { file, offset, bytes } of room.deadSpace(stopped)) look(file, offset, bytes);
  places.settle();
  return scanned;
}

function push(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
