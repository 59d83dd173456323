import { describe, expect, test } from '@jest/globals';
import { CosmicError } from '../../src/errors.js';
import { whereOf, type LlamaFilter } from '../../src/llamaindex/index.js';
import { matches, readWhere } from '../../src/metadata/index.js';

const rows = {
  kiln: { topic: 'pottery', degrees: 1240, tools: ['tongs', 'bin'] },
  bread: { topic: 'kitchen', note: '' },
} as const;
const passing = (...filters: LlamaFilter[]): string[] =>
  Object.entries(rows).flatMap(([name, metadata]) =>
    matches(readWhere(whereOf({ filters })), { metadata, facts: {} }) ? [name] : [],
  );

describe('filters of LlamaIndex', () => {
  test('a key that is missing meets is_empty alone', () => {
    expect(passing({ key: 'degrees', operator: '!=', value: 1 })).toEqual(['kiln']);
    expect(passing({ key: 'degrees', operator: 'nin', value: [1] })).toEqual(['kiln']);
    expect(passing({ key: 'degrees', operator: 'is_empty' })).toEqual(['bread']);
    expect(passing({ key: 'note', operator: 'is_empty' })).toEqual(['kiln', 'bread']);
  });

  test('a list is not its elements', () => {
    expect(passing({ key: 'tools', operator: '==', value: 'bin' })).toEqual([]);
    expect(passing({ key: 'tools', operator: 'contains', value: 'bin' })).toEqual(['kiln']);
    expect(passing({ key: 'tools', operator: 'all', value: ['bin', 'saw'] })).toEqual([]);
    expect(passing({ key: 'tools', operator: 'any', value: ['bin', 'saw'] })).toEqual(['kiln']);
  });

  test('what cannot be asked is refused, not passed over', () => {
    const refusal = (filter: LlamaFilter): unknown => {
      try {
        return whereOf({ filters: [filter] });
      } catch (error) {
        return (error as CosmicError).code;
      }
    };
    expect(refusal({ key: 'topic', operator: 'text_match', value: 'pot' })).toBe('filter.unsupported');
    expect(refusal({ key: 'topic', operator: 'in', value: 'pottery' })).toBe('filter.malformed');
    expect(refusal({ key: 'topic', operator: '==' })).toBe('filter.malformed');
  });
});
