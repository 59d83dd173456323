import type { Test } from '@cosmicembeddings/sdk/filter';
import type { Value } from './driver.js';
import { blocksPassing, type LookUp, type Part } from './facts.js';
import { digestOf } from './rows.js';

export interface Condition {
  /** ` AND …` over `blocks b`. */
  readonly where: string;
  readonly values: readonly Value[];
}

/** A filter's tests as SQL. */
export function conditionOf(tests: readonly Test[], lookUp: LookUp): Condition {
  const parts = tests.map((test) => partOf(test, lookUp));
  return {
    where: parts.map(([sql]) => ` AND ${sql}`).join(''),
    values: parts.flatMap(([, ...values]) => values),
  };
}

function partOf(test: Test, lookUp: LookUp): Part {
  const { nameId } = lookUp;
  switch (test.test) {
    case 'among': {
      const among = `b.${test.fact} IN (${marks(test.values)})`;
      // An erased block keeps the column, not the rows.
      return [test.fact === 'space' ? `(${among} AND b.erased IS NULL)` : among, ...test.values.map(nameId)];
    }
    case 'tagged':
      return [`b.id IN (SELECT block FROM tags WHERE tag IN (${marks(test.values)}))`, ...test.values.map(nameId)];
    case 'linked': {
      const { digest } = digestOf(test.id)!;
      return test.rel === undefined
        ? ['b.id IN (SELECT block FROM links WHERE target = ?)', digest]
        : ['b.id IN (SELECT block FROM links WHERE target = ? AND rel = ?)', digest, nameId(test.rel)];
    }
    case 'language':
      return test.range === '*'
        ? ['b.id IN (SELECT block FROM languages)']
        : [
            'b.id IN (SELECT block FROM languages WHERE language = ? OR substr(language, 1, ?) = ?)',
            test.range,
            test.range.length + 1,
            `${test.range}-`,
          ];
    case 'from':
      return ['b.time >= ?', test.timeMs];
    case 'before':
      return ['b.time < ?', test.timeMs];
    case 'where':
      return blocksPassing(test.condition, lookUp);
    case 'rows':
      return [test.has ? '(b.row_count > 0 AND b.erased IS NULL)' : '(b.row_count = 0 OR b.erased IS NOT NULL)'];
  }
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
