/** What must not compile, and beside it what must: `refused.test.ts` runs the compiler over this file. */
import { createBlock, customKind, type Author } from '@cosmicembeddings/sdk';
import { openMemory, type Memory } from '@cosmicembeddings/sdk/agent';

declare const author: Author;
declare const memory: Memory<{ topic: string; degrees?: number }>;
const timeMs = 0;

export const fine = [
  createBlock({ kind: 'retract/1', fields: { reason: 'wrong' }, timeMs }, author),
  createBlock(
    { kind: customKind('poll.example/1'), fields: { question: 'Tea?', options: ['yes', 'no'] }, timeMs },
    author,
  ),
  openMemory({ embedder: 'lexical', key: 'ephemeral', verify: 'mark' }),
  memory.remember('The kiln is hot.', { metadata: { topic: 'pottery', degrees: 1240 }, for: ['age1…'] }),
  memory.search('kiln', {
    where: { topic: 'pottery', '#text': { $contains: 'hot' } },
    authors: 'all',
    minStrength: 'fair',
  }),
  memory.forget({ where: { topic: 'pottery' } }),
];

// @ts-expect-error a misspelt kind
void createBlock({ kind: 'embeding/1', fields: {}, timeMs }, author);
// @ts-expect-error a field that the kind does not have
void createBlock({ kind: 'retract/1', fields: { why: 'wrong' }, timeMs }, author);
// @ts-expect-error a field of another type
void createBlock({ kind: 'retract/1', fields: { reason: 5 }, timeMs }, author);
// @ts-expect-error a vector without its space
void createBlock({ kind: 'embedding/1', fields: { texts: ['a'] }, timeMs }, author);
// @ts-expect-error a kind that is known at run time alone is said to be one
void createBlock({ kind: String('poll.example/1'), fields: {}, timeMs }, author);
// @ts-expect-error an embedder that there is not
void openMemory({ embedder: 'english-2' });
// @ts-expect-error an option that there is not
void openMemory({ nodes: ['http://127.0.0.1:8080'] });
// @ts-expect-error metadata with a key that it does not have
void memory.remember('The kiln is hot.', { metadata: { topic: 'pottery', colour: 'red' } });
// @ts-expect-error metadata of another type
void memory.remember('The kiln is hot.', { metadata: { topic: 5 } });
// @ts-expect-error nested metadata
void openMemory().then((any) => any.remember('x', { metadata: { loc: { line: 1 } } }));
// @ts-expect-error a filter over a key that is not there
void memory.search('kiln', { where: { colour: 'red' } });
// @ts-expect-error an operator that is not there
void memory.search('kiln', { where: { topic: { $regex: 'p.*' } } });
// @ts-expect-error a strength that is none
void memory.search('kiln', { minStrength: 'unknown' });
// @ts-expect-error nothing says what is forgotten
void memory.forget({});
// @ts-expect-error readers are a list
void memory.remember('The kiln is hot.', { for: 'age1…' });
