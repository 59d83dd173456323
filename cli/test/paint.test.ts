import { expect, test } from '@jest/globals';
import { hasColour, paint } from '../src/paint.js';

test('colours only where a person looks and has not said otherwise', () => {
  const cases: [{ isTTY?: boolean }, NodeJS.ProcessEnv, boolean][] = [
    [{ isTTY: true }, {}, true],
    [{ isTTY: false }, {}, false],
    [{}, {}, false],
    [{ isTTY: true }, { NO_COLOR: '1' }, false],
    [{ isTTY: true }, { NO_COLOR: '' }, true],
    [{ isTTY: true }, { TERM: 'dumb' }, false],
    [{}, { FORCE_COLOR: '1' }, true],
    [{ isTTY: true }, { FORCE_COLOR: '0' }, false],
    [{}, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ];
  expect(cases.map(([out, env]) => hasColour(out, env))).toEqual(cases.map(([, , coloured]) => coloured));
  expect(paint('green', 'signed', true)).toBe('\x1b[32msigned\x1b[39m');
  expect(paint('green', 'signed', false)).toBe('signed');
});
