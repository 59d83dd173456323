import { expect, test } from '@jest/globals';
import { tokensOf as english } from '../../src/embedders/english/tokens.js';
import { tokensOf as multilingual } from '../../src/embedders/multilingual/tokens.js';

test.each([english, multilingual])("a word before n't may be called as a property of every object is", (tokensOf) => {
  expect(tokensOf("constructorn't can't", new Map(), 10).tokens).toEqual(['constructor', 'not', 'can', 'not']);
});
