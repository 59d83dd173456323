import { describe, expect, test } from '@jest/globals';
import yargs from 'yargs';
import { Cid, cidOf, DAG_CBOR, sha256, utf8 } from '@cosmicembeddings/sdk';
import type { KindInfo } from '@cosmicembeddings/sdk/api';
import { blockCid, bool, bytes, integer, list, oneOf, struct, text } from '@cosmicembeddings/sdk/schema';
import { draftOf } from '../../src/plugins/draft.js';
import { fieldsOf, schemaFlags } from '../../src/plugins/schema-flags.js';

const id = cidOf(DAG_CBOR, sha256(utf8('another block'))).text;
const kind: KindInfo = {
  name: 'thing.example/1',
  maxBytes: 1000,
  refs: [{ rel: 'about', max: 1, what: 'the thing' }],
  schema: struct(
    { title: text(20), size: integer(0, 9) },
    {
      optional: {
        names: list(text(10), 3),
        colour: oneOf('red', 'blue'),
        good: bool,
        raw: bytes(1, 8),
        part: blockCid,
        inner: struct({ x: integer(0, 9) }),
        node: text(9),
      },
    },
  ).json,
};

/** A command line as `cosmic create KIND` reads it. */
const parse = (args: readonly string[]) =>
  schemaFlags(yargs([...args]).exitProcess(false), fieldsOf(kind.schema), false)
    .option('tag', { type: 'string', array: true, nargs: 1 })
    .option('about', { type: 'string', array: true, nargs: 1 })
    .parseSync() as Readonly<Record<string, unknown>>;
const draft = (json: string | undefined, ...args: string[]) => draftOf(kind, json, parse(args));

describe('a block from its schema', () => {
  test('every form of field has its flag', () => {
    const args = [
      '--title',
      'a',
      '--size',
      '3',
      '--names',
      'x',
      '--names',
      'y',
      '--colour',
      'red',
      '--good',
      '--raw',
      'AQID',
    ];
    const { fields } = draft(undefined, ...args, '--part', id, '--inner', '{"x": 2}', '--field-node', 'n');
    expect(fields).toEqual({
      title: 'a',
      size: 3,
      names: ['x', 'y'],
      colour: 'red',
      good: true,
      raw: Uint8Array.of(1, 2, 3),
      part: expect.any(Cid),
      inner: { x: 2 },
      node: 'n',
    });
    expect((fields['part'] as Cid).text).toBe(id);
  });

  test('flags go before what the file says; what stands beside the fields is told apart', () => {
    const json = JSON.stringify({
      title: 'a',
      size: 1,
      tags: ['t'],
      linked_blocks: [{ rel: 'cites', id }],
      refs: [{ rel: 'about', id }],
    });
    expect(draft(json, '--size', '2', '--tag', 'u')).toEqual({
      fields: { title: 'a', size: 2 },
      tags: ['t', 'u'],
      links: [{ rel: 'cites', id }],
      refs: [{ rel: 'about', id }],
    });
    expect(draft(undefined, '--title', 'a', '--size', '1', '--about', id).refs).toEqual([{ rel: 'about', id }]);
  });

  test('the JSON form of a block, with its fields apart, says the same', () => {
    expect(draft(`{"fields": {"title": "a", "size": 1}, "tags": ["t"]}`)).toEqual(
      draft('{"title": "a", "size": 1, "tags": ["t"]}'),
    );
  });

  test.each([
    ['no JSON', 'nonsense', [], 'JSON: '],
    ['a list', '[]', [], 'expected an object'],
    ['a repeated key', '{"title": "a", "title": "b", "size": 1}', [], 'JSON: '],
    ['a fraction', '{"title": "a", "size": 1.5}', [], 'not an integer'],
    ['an unknown field', '{"title": "a", "size": 1, "sise": 2}', [], 'fields.sise: unknown field'],
    ['a missing field', '{"title": "a"}', [], "required property 'size'"],
    ['out of bounds', '{"title": "a", "size": 99}', [], 'fields.size: must be <= 9'],
    ['a number that is none', undefined, ['--title', 'a', '--size', 'many'], '--size many: a whole number'],
    ['JSON that is none', undefined, ['--title', 'a', '--size', '1', '--inner', '{'], '--inner: not JSON'],
    ['tags that are none', '{"title": "a", "size": 1, "tags": "t"}', [], 'tags: expected a list of texts'],
    [
      'refs that are none',
      '{"title": "a", "size": 1, "refs": [{"rel": "about"}]}',
      [],
      'refs: expected a list of {rel, id}',
    ],
    [
      'something beside fields',
      '{"fields": {"title": "a", "size": 1}, "size": 2}',
      [],
      'size: unknown key beside fields',
    ],
    ['an id that is none', '{"title": "a", "size": 1, "part": {"/": "zzz"}}', [], 'fields: '],
  ])('%s is refused with its place', (_, json, args, says) => {
    expect(() => draft(json, ...args)).toThrow(says);
  });
});

test('the fields of alternatives are all there; required is what each of them requires', () => {
  const either = { anyOf: [struct({ a: bool, b: bool }).json, struct({ b: bool, c: bool }).json] };
  expect(fieldsOf(either).map(({ name, required }) => [name, required])).toEqual([
    ['a', false],
    ['b', true],
    ['c', false],
  ]);
});
