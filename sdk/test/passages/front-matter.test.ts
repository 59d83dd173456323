import { describe, expect, test } from '@jest/globals';
import { frontMatterEnd } from '../../src/passages/front-matter.js';

const contentOf = (text: string): string => text.slice(frontMatterEnd(text));

describe('front matter is left out', () => {
  test.each([
    ['a mapping between two rules', '---\ntitle: x\n---\nBody.'],
    ['ended by three dots', '---\ntitle: x\n...\nBody.'],
    ['blanks and tabs behind its rules', '--- \t\ntitle: x\n---\t \nBody.'],
    ['blanks behind its dots', '---\ntitle: x\n... \nBody.'],
    ['a key without a value', '---\ntags:\n---\nBody.'],
    ['a tab behind the key', '---\ntitle:\tx\n---\nBody.'],
    ['a key of one letter', '---\nt: x\n---\nBody.'],
    ['a key with digits, dots and hyphens', '---\n_a1.b-c: x\n---\nBody.'],
    ['a key in another script', '---\nназвание: x\n---\nBody.'],
    ['a list', '---\ntags:\n- a\n-\tb\n-\n  - c\n---\nBody.'],
    ['a quoted key', '---\na: 1\n"b c": 2\n\'d\': 3\n---\nBody.'],
    ['a later key without a value, and one with a tab', '---\na: 1\nb:\nc:\td\n---\nBody.'],
    ['a comment and an empty line', '---\na: 1\n# why\n#\n\n \t\nb: 2\n---\nBody.'],
    ['a continuation', '---\na: >\n  more: of it\n\tand more\n---\nBody.'],
    ['closing brackets', '---\na: [\n  1\n]\nb: {\n}, \t\nc: [\n],\n---\nBody.'],
  ])('%s', (_, text) => expect(contentOf(text)).toBe('Body.'));

  test.each([
    ['the rule is the last line', '---\ntitle: x\n---'],
    ['nothing stands behind it', '---\ntitle: x\n---\n'],
  ])('%s', (_, text) => expect(frontMatterEnd(text)).toBe(text.length));

  test('only up to the first end', () => {
    expect(contentOf('---\na: 1\n---\nb: 2\n---\nBody.')).toBe('b: 2\n---\nBody.');
    expect(contentOf('---\na: 1\n---\n\nBody.')).toBe('\nBody.');
  });
});

describe('is text', () => {
  test.each([
    ['no rule', 'title: x\n---\nBody.'],
    ['a rule alone', '---'],
    ['a rule and nothing', '---\n'],
    ['a rule that is not the first line', '\n---\ntitle: x\n---\nBody.'],
    ['a rule behind blanks', ' ---\ntitle: x\n---\nBody.'],
    ['a longer rule', '----\ntitle: x\n---\nBody.'],
    ['words behind the rule', '--- x\ntitle: x\n---\nBody.'],
    ['an end that goes on', '---\ntitle: x\n---- \nBody.'],
    ['an end behind blanks', '---\ntitle: x\n ---\nBody: y'],
    ['four dots', '---\ntitle: x\n....\nBody.'],
    ['nothing between', '---\n---\nBody.'],
    ['dots at once', '---\n...\nBody.'],
    ['an empty line first', '---\n\ntitle: x\n---\nBody.'],
    ['a comment first', '---\n# why\ntitle: x\n---\nBody.'],
    ['a list', '---\n- a\n---\nBody.'],
    ['a sentence first', '---\nWe met: all of us\n---\nBody.'],
    ['a time first', '---\n12:30 tea\n---\nBody.'],
    ['no blank behind the first colon', '---\ntitle:x\n---\nBody.'],
    ['no blank behind a later colon', '---\na: 1\nb:2\n---\nBody.'],
    ['an address', '---\nhttp://a.example\n---\nBody.'],
    ['a sentence later', '---\na: 1\nand then tea\n---\nBody.'],
    ['a hyphen without a blank', '---\na: 1\n-b\n---\nBody.'],
    ['words behind a bracket', '---\na: [\n] b\n---\nBody.'],
    ['a bracket behind words', '---\na: [\nb ]\n---\nBody.'],
    ['a number for a key', '---\na: 1\n2: b\n---\nBody.'],
    ['no end', '---\ntitle: x\nmore: y\n'],
  ])('%s', (_, text) => expect(contentOf(text)).toBe(text));
});
