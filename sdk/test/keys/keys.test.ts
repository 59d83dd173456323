import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { toBase64, toHex } from '../../src/bytes.js';
import { checkBlock } from '../../src/block/index.js';
import { sha256, verify } from '../../src/crypto/index.js';
import { decodeKey, encodeKey, isLockedKey, Keyring, keyOfSeed, type KeyFolder } from '../../src/keys/index.js';
import { createRegistry } from '../../src/kinds/index.js';
import { createMemoryKeyed } from '../../src/memory/index.js';
import { corePlugins } from '../../src/plugins/index.js';
import { createSky } from '../../src/sky/index.js';
import { createViewWorld } from '../../src/testing/index.js';
import { askView, planCones, takeBatch } from '../../src/views/index.js';
import { testUnless } from '../skipping.ts';

const seed = new Uint8Array(32).map((_, i) => i * 7);
const key = keyOfSeed(seed);

describe('key files', () => {
  test('plain: hexadecimal, and the forms of the Python project', async () => {
    expect(await encodeKey(key)).toBe(`${toHex(seed)}\n`);
    for (const text of [toHex(seed), `  ${toHex(seed).toUpperCase()}\r\n`, toBase64(seed)])
      expect((await decodeKey(text)).did).toBe(key.did);
  });

  test('locked: only its passphrase opens it', async () => {
    const text = await encodeKey(key, { passphrase: 'ä secret', workFactor: 10 });
    expect(isLockedKey(text)).toBe(true);
    expect(text).not.toContain(toHex(seed));
    expect((await decodeKey(text, 'ä secret')).did).toBe(key.did);
    await expect(decodeKey(text)).rejects.toThrow(/key\.locked/);
    await expect(decodeKey(text, 'wrong')).rejects.toThrow(/key\.locked/);
    await expect(decodeKey(text.slice(0, 60), 'ä secret')).rejects.toThrow(/key\.malformed/);
  });

  test.each(['', 'x', toHex(seed).slice(2), toBase64(seed.slice(1)), toBase64(new Uint8Array(64))])(
    'refuses %j without repeating it',
    async (text) => {
      const error = await decodeKey(text).catch((e: Error) => e);
      expect((error as Error).message).toMatch(/key\.malformed/);
      if (text.length > 1) expect((error as Error).message).not.toContain(text);
    },
  );

  const noAge = spawnSync('age', ['--version']).error === undefined ? undefined : 'no age command here';
  testUnless(noAge)('a locked key file is an age file to others', async () => {
    const { identity, recipient } = await (await import('../../src/sealed/index.js')).newAgeKey();
    // the command-line tool asks for passphrases on a terminal only, so its reading of the armour is tried with a key
    const { armor, lock } = await import('../../src/sealed/index.js');
    const text = await armor(await lock(new TextEncoder().encode(`${toHex(seed)}\n`), { recipients: [recipient] }));
    const opened = spawnSync(
      'sh',
      [
        '-c',
        'printf %s "$KEY" > "$0/k" && printf %s "$FILE" | age -d -i "$0/k"; rm -f "$0/k"',
        process.env['TMPDIR'] ?? '/tmp',
      ],
      {
        env: { ...process.env, KEY: identity, FILE: text },
        encoding: 'utf8',
      },
    );
    expect(opened.stdout).toBe(`${toHex(seed)}\n`);
  });
});

function memoryFolder(): KeyFolder & { files: Map<string, string> } {
  const files = new Map<string, string>();
  return {
    files,
    list: () => Promise.resolve([...files.keys()]),
    read: (file) => Promise.resolve(files.get(file)),
    create: (file, text) =>
      files.has(file) ? Promise.reject(new Error('exists')) : Promise.resolve(void files.set(file, text)),
    rename: (from, to) => {
      files.set(to, files.get(from)!);
      files.delete(from);
      return Promise.resolve();
    },
  };
}

describe('keyring', () => {
  let counter = 1;
  const ring = () => {
    const folder = memoryFolder();
    return { folder, keyring: new Keyring(folder, (n) => new Uint8Array(n).fill(counter++), 10) };
  };

  test('new, list, show, export, import', async () => {
    const { keyring } = ring();
    const plain = await keyring.create('ann');
    const locked = await keyring.create('bob', 'pass');
    expect(await keyring.list()).toEqual([plain, locked]);
    expect(locked).toMatchObject({ name: 'bob', locked: true });
    await expect(keyring.open('bob')).rejects.toThrow(/key\.locked/);
    expect((await keyring.open('bob', 'pass')).did).toBe(locked.did);
    const text = await keyring.export('bob', 'pass', 'other');
    expect(await keyring.import('carl', text, 'other')).toEqual({ name: 'carl', did: locked.did, locked: false });
    await expect(keyring.create('ann')).rejects.toThrow(/key\.exists/);
    await expect(keyring.open('nobody')).rejects.toThrow(/key\.not_found/);
    for (const name of ['', '../ann', 'Ann', 'a/b', 'a'.repeat(65)])
      await expect(keyring.create(name)).rejects.toThrow(/config\.malformed/);
  });

  test('rotate hands the identity over with two blocks that the network accepts', async () => {
    const { keyring, folder } = ring();
    const before = await keyring.create('ann', 'pass');
    const registry = createRegistry(corePlugins);
    const sky = createSky();
    const rotation = await keyring.rotate(
      'ann',
      { network: 'dev', registry, sky, salt: () => new Uint8Array(16) },
      Date.UTC(2026, 4, 1),
      'pass',
      'next',
    );
    expect(rotation.from).toEqual({ name: 'ann-before-1', did: before.did, locked: true });
    expect((await keyring.open('ann', 'next')).did).toBe(rotation.to.did);
    expect((await keyring.open('ann-before-1', 'pass')).did).toBe(before.did);
    expect([...folder.files.keys()].sort()).toEqual(['ann-before-1.key', 'ann-before-1.pub', 'ann.key', 'ann.pub']);
    const world = createViewWorld(registry);
    for (const { wire } of rotation.blocks) {
      const checked = checkBlock(wire, { network: 'dev', registry, verify, sha256, sky });
      if (checked.status === 'rejected') throw new Error(checked.detail);
      expect(checked.entry.inert).toBeUndefined();
      world.put({ ...checked.entry, id: checked.id }, true);
    }
    const plan = planCones(registry).find(({ name }) => name.includes('identities'))!;
    const store = createMemoryKeyed();
    takeBatch(plan, store, world, world.items(0, 2), { epoch: 'e', seq: 2 });
    expect(askView({ plan, store, world }, 'identities', 'of', { author: before.did }).result).toMatchObject({
      state: 'rotated',
      current: rotation.to.did,
    });
  });
});
