import type { FuzzyGraph } from './graph.js';

/**
 * Phase two of UMAP (arXiv:1802.03426, section 3.2 and algorithm 5): points are drawn along edges, in proportion to their
 * weights, and each time pushed away from five others by chance. Forces after 1 / (1 + a·d^2b), with a and b as the paper fits
 * them for a least distance of 0.1 and a spread of 1.
 */
const A = 1.5769434603113077;
const B = 0.8950608779109733;
const NEGATIVES = 5;
/** No force moves a point further at a time. */
const CLIP = 4;
/** Kept away from 0 / 0 where two points fall together. */
const APART = 0.001;

/** Forces by the upper 16 bits of the squared distance as a float32: a step of 1/128, where a power would cost as much as all else. */
const [pulls, pushes] = forces();
const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);

export interface DescentOptions {
  /** x and y of each point, about −10 to 10; moved in place. */
  readonly places: Float32Array;
  readonly graph: FuzzyGraph;
  readonly epochs: number;
  /** How far points move at first; it falls to nothing. Default 1. */
  readonly rate?: number;
  /** Points before this one stay where they are. Default 0. */
  readonly movesFrom?: number;
  readonly seed: number;
}

/** A descent that can be left and gone on with between any two edges. */
export class Descent {
  /** Edges that come at least once, with how many epochs lie between two times. */
  private readonly every: Float32Array;
  private readonly due: Float32Array;
  private readonly from: Uint32Array;
  private readonly to: Uint32Array;
  private epoch = 0;
  private edge = 0;
  private random: number;

  constructor(private readonly options: DescentOptions) {
    const { graph, epochs, movesFrom = 0 } = options;
    let most = 0;
    for (const weight of graph.weights) if (weight > most) most = weight;
    const used: number[] = [];
    for (let i = 0; i < graph.weights.length; i++)
      if (
        graph.weights[i]! * epochs >= most &&
        (movesFrom === 0 || graph.from[i]! >= movesFrom || graph.to[i]! >= movesFrom)
      )
        used.push(i);
    this.from = Uint32Array.from(used, (i) => graph.from[i]!);
    this.to = Uint32Array.from(used, (i) => graph.to[i]!);
    this.every = Float32Array.from(used, (i) => most / graph.weights[i]!);
    this.due = this.every.slice();
    this.random = options.seed >>> 0 || 1;
  }

  /** Of the whole, from 0 to 1. */
  get done(): number {
    return this.options.epochs === 0 ? 1 : this.epoch / this.options.epochs;
  }

  /** Goes on for about so long; true while there is more to do. */
  run(ms: number, nowMs: () => number = () => performance.now()): boolean {
    const untilMs = nowMs() + ms;
    while (this.epoch < this.options.epochs) {
      const end = Math.min(this.from.length, this.edge + EDGES_AT_ONCE);
      this.some(this.edge, end);
      this.edge = end;
      if (end === this.from.length) {
        this.edge = 0;
        this.epoch++;
      }
      if (nowMs() >= untilMs) break;
    }
    return this.epoch < this.options.epochs;
  }

  private some(first: number, end: number): void {
    const { places, epochs, rate = 1, movesFrom = 0 } = this.options;
    const { from, to, every, due } = this;
    const epoch = this.epoch + 1;
    const step = rate * (1 - this.epoch / epochs);
    const points = places.length / 2;
    let { random } = this;
    for (let i = first; i < end; i++) {
      if (due[i]! > epoch) continue;
      due[i]! += every[i]!;
      const [a, b] = [2 * from[i]!, 2 * to[i]!];
      const [movesA, movesB] = [from[i]! >= movesFrom, to[i]! >= movesFrom];
      let ax = places[a]!;
      let ay = places[a + 1]!;
      const [dx, dy] = [ax - places[b]!, ay - places[b + 1]!];
      asFloat[0] = dx * dx + dy * dy;
      const pull = pulls[asBits[0]! >>> 16]!;
      const [mx, my] = [clip(pull * dx) * step, clip(pull * dy) * step];
      if (movesB) {
        places[b]! -= mx;
        places[b + 1]! -= my;
      }
      if (!movesA) continue;
      ax += mx;
      ay += my;
      for (let negative = 0; negative < NEGATIVES; negative++) {
        random ^= random << 13;
        random ^= random >>> 17;
        random ^= random << 5;
        const other = 2 * Math.floor((random >>> 0) * 2.3283064365386963e-10 * points);
        if (other === a) continue;
        const [ox, oy] = [ax - places[other]!, ay - places[other + 1]!];
        asFloat[0] = ox * ox + oy * oy;
        const push = pushes[asBits[0]! >>> 16]!;
        ax += clip(push * ox) * step;
        ay += clip(push * oy) * step;
      }
      places[a] = ax;
      places[a + 1] = ay;
    }
    this.random = random;
  }
}

const EDGES_AT_ONCE = 4096;

function clip(force: number): number {
  return force > CLIP ? CLIP : force < -CLIP ? -CLIP : force;
}

function forces(): readonly [Float64Array, Float64Array] {
  const [pull, push] = [new Float64Array(1 << 16), new Float64Array(1 << 16)];
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  // Up to the largest finite number; the rest stays without force.
  for (let i = 0; i < 0x7f80; i++) {
    bits[0] = (i << 16) | 0x8000;
    const squared = float[0]!;
    const power = squared ** B;
    pull[i] = i === 0 ? 0 : (-2 * A * B * (power / squared)) / (A * power + 1);
    push[i] = i === 0 ? 0 : (2 * B) / ((APART + squared) * (A * power + 1));
  }
  return [pull, push];
}
