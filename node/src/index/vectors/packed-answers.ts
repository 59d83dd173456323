import { CosmicError, type Code } from '@cosmicembeddings/sdk';
import type { VectorsAnswer } from './host.js';
import type { ScoredRow } from './top-rows.js';

export interface Failure {
  readonly code: Code;
  readonly detail: string;
}

/** An answer without its hits, and how many these are. */
export type BareAnswer = Omit<VectorsAnswer, 'hits'> & { readonly hits: number };

/** Answers of one message: all hits of all of them as numbers in one buffer, a tenth of the price of cloning objects. */
export interface PackedAnswers {
  readonly answers: readonly (BareAnswer | Failure)[];
  readonly numbers: Float64Array;
}

/** Label, score, demotion (0: none), label of the row that it is a copy of (−1: none). */
const NUMBERS = 4;

export function packAnswers(given: readonly (VectorsAnswer | CosmicError)[]): PackedAnswers {
  const total = given.reduce((sum, one) => sum + (one instanceof CosmicError ? 0 : one.hits.length), 0);
  const numbers = new Float64Array(NUMBERS * total);
  let at = 0;
  const answers = given.map((one): BareAnswer | Failure => {
    if (one instanceof CosmicError) return { code: one.code, detail: one.detail };
    for (const { label, score, demotion, copyOf } of one.hits) {
      numbers[at] = label;
      numbers[at + 1] = score;
      numbers[at + 2] = demotion ?? 0;
      numbers[at + 3] = copyOf ?? -1;
      at += NUMBERS;
    }
    return { ...one, hits: one.hits.length };
  });
  return { answers, numbers };
}

/** In the order of the questions. */
export function unpackAnswers({ answers, numbers }: PackedAnswers): (VectorsAnswer | CosmicError)[] {
  let at = 0;
  return answers.map((one) => {
    if ('code' in one) return new CosmicError(one.code, one.detail);
    const hits: ScoredRow[] = [];
    for (let i = 0; i < one.hits; i++, at += NUMBERS) hits.push(rowOf(numbers, at));
    return { ...one, hits };
  });
}

function rowOf(numbers: Float64Array, at: number): ScoredRow {
  const label = numbers[at]!;
  const score = numbers[at + 1]!;
  const demotion = numbers[at + 2]!;
  const copyOf = numbers[at + 3]!;
  if (demotion === 0) return copyOf < 0 ? { label, score } : { label, score, copyOf };
  return copyOf < 0 ? { label, score, demotion } : { label, score, demotion, copyOf };
}
