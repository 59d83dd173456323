/** An approximate neighbour graph over unit rows, by slot number. It only proposes: scores are computed elsewhere, exactly. */
export interface Graph {
  readonly size: number;
  /** Row i of `rows` (flat, unit length) gets slot `slots[i]`. Slots are never added twice. */
  add(slots: Uint32Array, rows: Float32Array): void;
  /** Up to `want` slots, nearest first as far as the graph knows. */
  search(query: Float32Array, want: number): ArrayLike<number>;
  /** Blocks until the file is written; not fsynced. */
  save(path: string): void;
  /**
   * From now on the pages of this file, which holds the graph as it is, are its memory: the system's to keep and to drop, not this
   * process's own. Until rows are added. Absent in an engine that cannot.
   */
  rest?(path: string): void;
  readonly isResting?: boolean;
}

export interface GraphEngine {
  readonly name: EngineName;
  create(dims: number): Graph;
  /** @throws when the file is not a graph of this engine and number of dimensions. */
  load(path: string, dims: number, size: number): Graph;
  /** How many candidates a search asks for at first: before a calibration, and before real queries were compared. */
  readonly candidates: number;
}

export type EngineName = 'usearch' | 'hnswlib' | 'exact';
export type EngineSetting = 'auto' | EngineName;

export interface ChosenEngine {
  readonly name: EngineName;
  /** Undefined: every search scans all rows. */
  readonly graph?: GraphEngine;
  /** Why it is not the one that was asked for. */
  readonly note?: string;
}
