import type { Table } from './file.js';
import { LEXICAL_DIMS, lexicalUnit } from './lexical.js';

/** One word's contribution to a text, 2^24 times its size, and how often the text at hand has it. */
export interface Word {
  readonly vector: Int32Array;
  count: number;
}

/** How a language reads its tokens. */
export interface Reading {
  /** What tokens are counted as: tokens of one name are one word. */
  nameOf(token: string): string;
  /** Its row; or several rows whose sum stands for it; or none. */
  rowsOf(name: string): readonly number[];
  /** The letters that its spelling part is made of. */
  spellingOf(name: string): string;
}

/** Words cached at most between texts; one text adds at most as many as it has tokens. */
const CACHED_WORDS = 4096;

/** Words of a model, decoded when first met. Tokens of one name share one `Word`. */
export class Words {
  private readonly byToken = new Map<string, Word>();
  private readonly byName = new Map<string, Word>();
  private readonly unit = new Int32Array(LEXICAL_DIMS);

  constructor(
    private readonly table: Table,
    private readonly reading: Reading,
  ) {}

  of(token: string): Word {
    let word = this.byToken.get(token);
    if (word === undefined) {
      const name = this.reading.nameOf(token);
      word = this.byName.get(name);
      if (word === undefined) {
        word = { vector: this.vectorOf(name), count: 0 };
        this.byName.set(name, word);
      }
      this.byToken.set(token, word);
    }
    return word;
  }

  /** Between texts only: inside a text one name must stay one object. */
  trim(): void {
    if (this.byToken.size <= CACHED_WORDS) return;
    this.byToken.clear();
    this.byName.clear();
  }

  private vectorOf(name: string): Int32Array {
    const { table, reading } = this;
    const vector = new Int32Array(table.semanticDims + LEXICAL_DIMS);
    const rows = reading.rowsOf(name);
    for (const row of rows) addRow(table, row, vector);
    const length = rows.length === 1 ? table.lengths[rows[0]!]! : rows.length > 1 ? table.unknown : table.numeral;
    lexicalUnit(reading.spellingOf(name), table.gramWeights, this.unit);
    for (let i = 0; i < LEXICAL_DIMS; i++) vector[table.semanticDims + i] = length * this.unit[i]!;
    return vector;
  }
}

function addRow(table: Table, row: number, vector: Int32Array): void {
  const half = table.semanticDims / 2;
  const factor = table.multipliers[row]! * 256;
  const base = row * half;
  for (let i = 0; i < half; i++) {
    const byte = table.table[base + i]!;
    vector[2 * i]! += ((byte << 28) >> 28) * factor;
    vector[2 * i + 1]! += ((byte << 24) >> 28) * factor;
  }
}
