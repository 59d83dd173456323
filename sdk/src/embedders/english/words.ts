import { lemmaOf } from './lemma.js';
import { LEXICAL_DIMS, lexicalUnit } from './lexical.js';
import type { Model } from './model.js';

/** One lemma's contribution to a text, 2^24 times its size, and how often the text at hand has it. */
export interface Word {
  readonly vector: Int32Array;
  count: number;
}

/** Words cached at most between texts; one text adds at most as many as it has tokens. */
const CACHED_WORDS = 4096;

/** Words of a model, decoded when first met. Tokens of one lemma share one `Word`. */
export class Words {
  private readonly byToken = new Map<string, Word>();
  private readonly byLemma = new Map<string, Word>();
  private readonly unit = new Int32Array(LEXICAL_DIMS);

  constructor(private readonly model: Model) {}

  of(token: string): Word {
    let word = this.byToken.get(token);
    if (word === undefined) {
      const lemma = lemmaOf(token, this.model.exceptions, (w) => this.flagsOf(w));
      word = this.byLemma.get(lemma);
      if (word === undefined) {
        word = { vector: this.vectorOf(lemma), count: 0 };
        this.byLemma.set(lemma, word);
      }
      this.byToken.set(token, word);
    }
    return word;
  }

  /** Between texts only: inside a text one lemma must stay one object. */
  trim(): void {
    if (this.byToken.size <= CACHED_WORDS) return;
    this.byToken.clear();
    this.byLemma.clear();
  }

  private flagsOf(word: string): number {
    const row = this.model.rowOf.get(word);
    return row === undefined ? 0 : this.model.flags[row]!;
  }

  private vectorOf(lemma: string): Int32Array {
    const { model } = this;
    const vector = new Int32Array(model.semanticDims + LEXICAL_DIMS);
    const row = model.rowOf.get(lemma);
    const pieces = row === undefined ? piecesOf(lemma, model.rowOf) : [row];
    for (const piece of pieces) addRow(model, piece, vector);
    const length = row !== undefined ? model.lengths[row]! : pieces.length > 0 ? model.unknown : model.numeral;
    lexicalUnit(lemma, model.gramWeights, this.unit);
    for (let i = 0; i < LEXICAL_DIMS; i++) vector[model.semanticDims + i] = length * this.unit[i]!;
    return vector;
  }
}

function addRow(model: Model, row: number, vector: Int32Array): void {
  const half = model.semanticDims / 2;
  const factor = model.multipliers[row]! * 256;
  const base = row * half;
  for (let i = 0; i < half; i++) {
    const byte = model.table[base + i]!;
    vector[2 * i]! += ((byte << 28) >> 28) * factor;
    vector[2 * i + 1]! += ((byte << 24) >> 28) * factor;
  }
}

/** An alphabetic word outside the table as rows of it: greedily the longest beginning, then the longest `##` pieces. */
export function piecesOf(word: string, rowOf: ReadonlyMap<string, number>): number[] {
  if (!/^[a-z]+$/.test(word)) return [];
  const rows: number[] = [];
  let at = 0;
  while (at < word.length) {
    let end = word.length;
    let row: number | undefined;
    for (; end > at; end--) {
      row = rowOf.get(at === 0 ? word.slice(0, end) : `##${word.slice(at, end)}`);
      if (row !== undefined) break;
    }
    if (row === undefined) return [];
    rows.push(row);
    at = end;
  }
  return rows;
}
