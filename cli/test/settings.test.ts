import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadSettings, store } from '../src/settings.js';

let base: string;
let home: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'cosmic-settings-'));
  home = join(base, 'home');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test('file, then environment, then flags', () => {
  expect(loadSettings({ home }, {})).toMatchObject({
    node: 'http://127.0.0.1:8080',
    network: 'dev',
    embedder: undefined,
    place: undefined,
    json: false,
  });
  store(loadSettings({ home }, {}), {
    node: 'http://file:1',
    embedder: { type: 'builtin', name: 'lexical' },
    place: { latitude: 1, longitude: 2 },
  });
  expect(loadSettings({ home }, {})).toMatchObject({
    node: 'http://file:1',
    embedder: { name: 'lexical' },
    place: { latitude: 1, longitude: 2 },
  });
  const env = {
    COSMIC_API_ENDPOINT: 'http://env:2',
    COSMIC_EMBEDDER: 'english-1',
    COSMIC_LATITUDE: '3',
    COSMIC_LONGITUDE: '4',
    COSMIC_ELEVATION: '5',
  };
  expect(loadSettings({ home }, env)).toMatchObject({
    node: 'http://env:2',
    embedder: { name: 'english-1' },
    place: { latitude: 3, longitude: 4, elevation: 5 },
  });
  expect(loadSettings({ home, node: 'http://flag:3', embedder: 'lexical' }, env)).toMatchObject({
    node: 'http://flag:3',
    embedder: { name: 'lexical' },
  });
});

test('COSMIC_HOME, else XDG_CONFIG_HOME', () => {
  expect(loadSettings({}, { COSMIC_HOME: home }).home).toBe(home);
  expect(loadSettings({}, { XDG_CONFIG_HOME: base }).home).toBe(join(base, 'cosmicembeddings'));
});

test('what is written only its owner can read', () => {
  const settings = loadSettings({ home }, {});
  store(settings, { warned: true });
  expect(statSync(settings.file).mode & 0o777).toBe(0o600);
  expect(statSync(home).mode & 0o777).toBe(0o700);
});

test('the Python project’s model names mean its models, and a key of its form is taken', () => {
  expect(loadSettings({ home }, { COSMIC_DEFAULT_MODEL: 'all-MiniLM-L6-v2' }).embedder).toEqual({
    type: 'transformers',
    model: 'all-MiniLM-L6-v2',
  });
  expect(loadSettings({ home }, { COSMIC_PRIVATE_KEY: 'abc' }).keyText).toBe('abc');
  expect(loadSettings({ home, key: 'other' }, { COSMIC_PRIVATE_KEY: 'abc' })).toMatchObject({
    keyText: undefined,
    keyFile: join(home, 'keys', 'other.key'),
  });
});

test.each([
  ['a place in words', { COSMIC_LATITUDE: 'north', COSMIC_LONGITUDE: '1' }, 'config.malformed'],
  ['half a place', { COSMIC_LATITUDE: '1' }, 'config.malformed'],
  ['an unknown embedder', { COSMIC_EMBEDDER: 'openai:only-a-model' }, 'config.malformed'],
])('%s is refused', (_, env, code) => {
  expect(() => loadSettings({ home }, env)).toThrow(expect.objectContaining({ code }));
});

test.each([
  [{ guard: false }, /guard is no setting of the command/],
  [{ node: 8080 }, /`node` must be string/],
  [{ place: { latitude: '48', longitude: 11 } }, /`place\/latitude` must be number/],
  [{ place: { latitude: 91, longitude: 11 } }, /`place\/latitude` must be <= 90/],
  [{ place: { latitude: 48 } }, /`place` must have required property 'longitude'/],
  [{ warned: 'yes' }, /`warned` must be boolean/],
  [{ embedder: 7 }, /`embedder` must be object,string/],
  [[], /config\.json/],
])('the file %j is refused by name', (content, what) => {
  mkdirSync(home);
  writeFileSync(join(home, 'config.json'), JSON.stringify(content));
  expect(() => loadSettings({ home }, {})).toThrow(
    expect.objectContaining({ code: 'config.malformed', message: expect.stringMatching(what) }),
  );
});

test('what is empty in the file is not set', () => {
  mkdirSync(home);
  writeFileSync(join(home, 'config.json'), JSON.stringify({ node: '', network: ' ', key: '', data: '' }));
  expect(loadSettings({ home }, { COSMIC_NODE: ' ' })).toMatchObject({
    node: 'http://127.0.0.1:8080',
    network: 'dev',
    keyFile: join(home, 'keys', 'default.key'),
    data: join(home, 'node'),
  });
});

test('a broken file is named', () => {
  store(loadSettings({ home }, {}), { warned: true });
  writeFileSync(join(home, 'config.json'), '{"node": ');
  expect(() => loadSettings({ home }, {})).toThrow(
    expect.objectContaining({ code: 'config.malformed', message: expect.stringContaining('config.json') }),
  );
});
