import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openOn, type Platform } from '../../src/agent/index.js';
import { checkBlock, createBlock, openBlock, decodeBody, type Author } from '../../src/block/index.js';
import { encode, decode, type ValueMap } from '../../src/codec/index.js';
import { didOf, publicKeyOf, sha256, signerOfSeed, verify } from '../../src/crypto/index.js';
import { createRegistry } from '../../src/kinds/index.js';
import { corePlugins } from '../../src/plugins/index.js';
import { lock, newAgeKey, openSealed, recipientOf, sealFields, unlock, type AgeLock } from '../../src/sealed/index.js';
import { createSky } from '../../src/sky/index.js';
import { packRows } from '../../src/space/index.js';
import { testSpace } from '../../src/testing/index.js';
import { testUnless } from '../skipping.ts';

const registry = createRegistry(corePlugins);
const sky = createSky();
const network = 'dev';
const seed = new Uint8Array(32).fill(5);
const did = didOf(publicKeyOf(seed));
const timeMs = Date.UTC(2026, 4, 1);
const author = (from: Uint8Array): Author => ({
  signer: signerOfSeed(from),
  network,
  registry,
  sky,
  salt: () => new Uint8Array(16).fill(2),
});
const checks = { network, registry, verify, sha256, sky };

const fields: ValueMap = {
  space: { ...testSpace('test', 2) },
  embedding: packRows([Float32Array.of(0.6, 0.8)], 'f32') as unknown as ValueMap,
  input_type: 'text',
  input_reference: [{ hash: sha256(Uint8Array.of(1)), origin: 'diary' }],
  texts: ['a secret thought'],
};
const secret = { kind: 'embedding/1', fields, tags: ['private'], salt: new Uint8Array(16).fill(9) };

async function sealed(to: AgeLock, sealedAs = did, by = seed): Promise<Uint8Array> {
  const { wire } = await createBlock(
    { kind: 'sealed/1', fields: await sealFields(secret, sealedAs, registry, to), timeMs },
    author(by),
  );
  return wire;
}

function ageOf(wire: Uint8Array): Uint8Array {
  const opened = openBlock(wire);
  if (opened.status === 'rejected' || opened.block.body === null) throw new Error('no block');
  const body = decodeBody(opened.block.body);
  if (body.status === 'rejected') throw new Error(body.detail);
  return body.body['age'] as Uint8Array;
}

describe('sealed blocks', () => {
  test('recipients open, verify and search them; the ledger sees neither text nor tags', async () => {
    const ann = await newAgeKey();
    const bob = await newAgeKey();
    const wire = await sealed({ recipients: [ann.recipient, bob.recipient] });
    const checked = checkBlock(wire, checks);
    expect(checked).toMatchObject({ status: 'checked', entry: { kind: 'sealed/1', rows: 0, tags: [] } });
    expect(Buffer.from(wire).includes('secret thought')).toBe(false);
    expect(Buffer.from(wire).includes('private')).toBe(false);
    for (const { identity } of [ann, bob]) {
      const opened = await openSealed(wire, { identities: [identity] }, registry);
      expect(opened).toMatchObject({
        status: 'opened',
        kind: 'embedding/1',
        body: { tags: ['private'] },
        parsed: { texts: ['a secret thought'] },
      });
    }
    expect(await recipientOf(ann.identity)).toBe(ann.recipient);
  });

  test('a mistyped identity is refused, and quoted by nobody', async () => {
    const { identity, recipient } = await newAgeKey();
    const mistyped = identity.slice(0, -1) + (identity.endsWith('Q') ? 'P' : 'Q');
    const wire = await sealed({ recipients: [recipient] });
    const opened = await openSealed(wire, { identities: [identity, mistyped] }, registry);
    expect(opened).toMatchObject({ code: 'sealed.locked' });
    const refused = await openOn({} as Platform, { identities: [mistyped] }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'key.malformed' });
    for (const said of [JSON.stringify(opened), String(refused)])
      expect(said.toUpperCase()).not.toContain(mistyped.slice(20, 40));
  });

  test('a passphrase opens what it locked, nothing else does', async () => {
    const wire = await sealed({ passphrase: 'correct horse', workFactor: 10 });
    expect(await openSealed(wire, { passphrases: ['correct horse'] }, registry)).toMatchObject({ status: 'opened' });
    expect(await openSealed(wire, { passphrases: ['wrong'] }, registry)).toMatchObject({ code: 'sealed.locked' });
    expect(await openSealed(wire, { identities: [(await newAgeKey()).identity] }, registry)).toMatchObject({
      code: 'sealed.locked',
    });
    expect(await openSealed(wire, { identities: ['nonsense'] }, registry)).toMatchObject({ code: 'sealed.locked' });
  });

  test('a stranger who re-publishes the age file under his own name is found out', async () => {
    const { identity, recipient } = await newAgeKey();
    const stolen = ageOf(await sealed({ recipients: [recipient] }));
    const { wire } = await createBlock(
      { kind: 'sealed/1', fields: { inner_kind: 'embedding/1', age: stolen }, timeMs },
      author(new Uint8Array(32).fill(6)),
    );
    expect(checkBlock(wire, checks).status).toBe('checked');
    expect(await openSealed(wire, { identities: [identity] }, registry)).toMatchObject({
      code: 'sealed.mismatch',
      detail: expect.stringContaining(did),
    });
    const renamed = await createBlock(
      { kind: 'sealed/1', fields: { inner_kind: 'retract/1', age: stolen }, timeMs },
      author(seed),
    );
    expect(await openSealed(renamed.wire, { identities: [identity] }, registry)).toMatchObject({
      code: 'sealed.mismatch',
    });
  });

  test.each([
    ['no CBOR', Uint8Array.of(0xff), 'sealed.malformed'],
    ['no map', encode(['a']), 'sealed.malformed'],
    ['a body that is none', encode({ created_by: did, kind: 'embedding/1', body: 1 }), 'block.bad_body'],
    [
      'a body that its kind refuses',
      encode({ created_by: did, kind: 'embedding/1', body: { salt: secret.salt, tags: [], linked_blocks: [] } }),
      'kind.malformed',
    ],
  ])('a plaintext that is %s is refused', async (_what, plaintext, code) => {
    const { identity, recipient } = await newAgeKey();
    const age = await lock(plaintext, { recipients: [recipient] });
    const { wire } = await createBlock(
      { kind: 'sealed/1', fields: { inner_kind: 'embedding/1', age }, timeMs },
      author(seed),
    );
    expect(await openSealed(wire, { identities: [identity] }, registry)).toMatchObject({ code });
  });

  test.each([
    ['no age file', { inner_kind: 'embedding/1', age: new Uint8Array(60) }],
    ['no kind', { inner_kind: 'Not A Kind', age: new Uint8Array(60) }],
    ['a seal within a seal', { inner_kind: 'sealed/1', age: new TextEncoder().encode('age-encryption.org/v1\n----') }],
  ])('refuses %s at the author’s door', async (_what, wrong) => {
    await expect(createBlock({ kind: 'sealed/1', fields: wrong, timeMs }, author(seed))).rejects.toThrow(
      /kind\.malformed/,
    );
  });

  test('what is sealed must fit its kind, and be for somebody', async () => {
    await expect(sealFields({ ...secret, kind: 'nothing/1' }, did, registry, { passphrase: 'x' })).rejects.toThrow(
      /kind\.unknown/,
    );
    await expect(sealFields({ ...secret, fields: {} }, did, registry, { passphrase: 'x' })).rejects.toThrow(
      /kind\.malformed/,
    );
    await expect(sealFields(secret, did, registry, {})).rejects.toThrow(/recipients or a passphrase/);
    await expect(sealFields(secret, did, registry, { recipients: ['age1nonsense'] })).rejects.toThrow();
  });

  const noAge = spawnSync('age', ['--version']).error === undefined ? undefined : 'no age command here';
  testUnless(noAge)('the age command-line tool opens them, and we open what it makes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'age-'));
    try {
      const { identity, recipient } = await newAgeKey();
      const wire = await sealed({ recipients: [recipient] });
      writeFileSync(join(folder, 'key'), `${identity}\n`);
      writeFileSync(join(folder, 'file.age'), ageOf(wire));
      const run = spawnSync('age', ['-d', '-i', join(folder, 'key'), join(folder, 'file.age')], { timeout: 10_000 });
      expect(run.status).toBe(0);
      expect(decode(new Uint8Array(run.stdout), { nestingMax: 17 })).toMatchObject({
        created_by: did,
        kind: 'embedding/1',
        body: { texts: ['a secret thought'] },
      });
      const made = spawnSync('age', ['-r', recipient], { input: 'hello', timeout: 10_000 });
      expect(
        Buffer.from((await unlock(new Uint8Array(made.stdout), { identities: [identity] })) as Uint8Array).toString(),
      ).toBe('hello');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
