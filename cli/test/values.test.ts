import { describe, expect, test } from '@jest/globals';
import yargs, { type Argv } from 'yargs';
import { addressOf, durationOf, markOperands, numberOf, strictValues } from '../src/values.js';

test.each([
  ['48.137', 48.137],
  ['-33', -33],
  ['+.5', 0.5],
  ['0', 0],
])('%s is a number', (text, value) => {
  expect(numberOf('--latitude', text)).toBe(value);
});

test.each(['', ' ', '48,1', '1e3', '0x10', 'Infinity', 'NaN', '48°', '1 2', '--5', '٣'])('%j is none', (text) => {
  expect(() => numberOf('--latitude', text)).toThrow(/^--latitude .*expected a decimal number/);
});

test.each(['http://127.0.0.1:8080', 'https://node.example/base', 'http://[::1]:80'])('%s is an address', (text) => {
  expect(addressOf('--node', text)).toBe(text);
});

test.each(['', 'nonsense', 'localhost:8080', 'ftp://x', 'http://', 'http://a:b@c', 'http://x?y=1', 'http://x#y'])(
  '%j is no address',
  (text) => {
    expect(() => addressOf('--node', text)).toThrow(/^--node /);
  },
);

test('durations have their unit', () => {
  expect(['90s', '30m', '12h', '7d'].map((text) => durationOf('--for', text))).toEqual([90e3, 18e5, 432e5, 6048e5]);
  for (const text of ['', '7', '0d', '1.5h', '-1d', '7 d', '7D', '1w', '1d12h'])
    expect(() => durationOf('--for', text)).toThrow(/^--for .*expected a duration/);
});

describe('flags of a command line', () => {
  const parsed = (...args: string[]): Record<string, unknown> => {
    let clean = <T>(given: T): T => given;
    let values: Record<string, unknown> = {};
    yargs(markOperands(args))
      .strict()
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new Error(message);
      })
      .command(
        'go [words..]',
        'go',
        (built) => {
          built
            .positional('words', { type: 'string', array: true })
            .option('name', { type: 'string' })
            .option('k', { type: 'number', default: 5 })
            .option('tag', { type: 'string', array: true, nargs: 1 });
          clean = strictValues(built as unknown as Argv, 'go [words..]');
          return built;
        },
        (given) => void (values = clean(given as Record<string, unknown>)),
      )
      .parse();
    const { words, name, k, tag } = values;
    return { words, name, k, tag };
  };

  test('words after -- are operands, whatever they begin with', () => {
    expect(parsed('go', '--name', 'x', '--', '--tag', '-k', '--', 'y')).toMatchObject({
      name: 'x',
      words: ['--tag', '-k', '--', 'y'],
    });
  });

  test('what is empty is not set', () => {
    expect(parsed('go', '--name=', '--k=', '--tag=', '--tag', 'a')).toEqual({ tag: ['a'], words: [] });
    expect(parsed('go', '')).toMatchObject({ words: [''], k: 5 });
  });

  test('negative numbers are values, texts in a number are not', () => {
    expect(parsed('go', '--k', '-33.8').k).toBe(-33.8);
    expect(parsed('go', '--k=-1').k).toBe(-1);
    expect(() => parsed('go', '--k', 'many')).toThrow(/--k "many"/);
    expect(() => parsed('go', '--k', '1', '--k', '2')).toThrow(/more than once/);
    expect(() => parsed('go', '--name')).toThrow(/name/);
  });
});
