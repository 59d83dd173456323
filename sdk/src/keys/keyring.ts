import { createBlock, type Author, type CreatedBlock } from '../block/create.js';
import { signerOfSeed, type Did } from '../crypto/identity.js';
import { CosmicError } from '../errors.js';
import { rotatesFrom, rotatesTo } from '../kinds/rotate/kind.js';
import { decodeKey, encodeKey, isLockedKey, keyOfSeed, type Key } from './key-file.js';

/** Where key files lie; the host keeps them from other users' eyes (mode 0600). Names come checked. */
export interface KeyFolder {
  /** Names of the files there. */
  list(): Promise<readonly string[]>;
  read(file: string): Promise<string | undefined>;
  /** Must not replace an existing file. @throws where it exists */
  create(file: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
}

export interface KeyInfo {
  readonly name: string;
  readonly did: Did;
  readonly locked: boolean;
}

export interface Rotation {
  readonly from: KeyInfo;
  readonly to: KeyInfo;
  /** To be published both: the old key's and the new key's. */
  readonly blocks: readonly [CreatedBlock, CreatedBlock];
}

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** The author's keys, each in `<name>.key` with its did in `<name>.pub`, which no passphrase hides. */
export class Keyring {
  /** `randomBytes(n)`: fresh random bytes. `workFactor`: log2 of scrypt's work for passphrases. */
  constructor(
    private readonly folder: KeyFolder,
    private readonly randomBytes: (length: number) => Uint8Array,
    private readonly workFactor?: number,
  ) {}

  /** Makes a new key. @throws CosmicError key.exists, config.malformed (name) */
  create(name: string, passphrase?: string): Promise<KeyInfo> {
    return this.put(name, keyOfSeed(this.randomBytes(32)), passphrase);
  }

  async list(): Promise<KeyInfo[]> {
    const files = await this.folder.list();
    const names = files.filter((file) => file.endsWith('.key')).map((file) => file.slice(0, -'.key'.length));
    const infos = await Promise.all(names.filter((name) => isName(name)).map((name) => this.info(name)));
    return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Name and did, without the secret. @throws CosmicError key.not_found, key.malformed, key.locked (no .pub beside it) */
  async info(name: string): Promise<KeyInfo> {
    const text = await this.text(name);
    const locked = isLockedKey(text);
    const said = (await this.folder.read(`${name}.pub`))?.trim();
    return {
      name,
      did: said !== undefined && said.startsWith('did:key:') ? (said as Did) : (await decodeKey(text)).did,
      locked,
    };
  }

  /** The secret itself, for signing. @throws CosmicError key.not_found, key.locked, key.malformed */
  async open(name: string, passphrase?: string): Promise<Key> {
    return decodeKey(await this.text(name), passphrase);
  }

  /** The text of a key file under another passphrase, or none. @throws as `open` */
  async export(name: string, passphrase?: string, newPassphrase?: string): Promise<string> {
    return encodeKey(await this.open(name, passphrase), this.lockOf(newPassphrase));
  }

  /** Takes over the text of a key file. @throws CosmicError key.malformed, key.locked, key.exists */
  async import(name: string, text: string, passphrase?: string, newPassphrase?: string): Promise<KeyInfo> {
    return this.put(name, await decodeKey(text, passphrase), newPassphrase);
  }

  /**
   * A new key takes the place of the old, which stays as `<name>-before-<n>`; the two signed blocks hand the identity over
   * and take effect where both are published. @throws as `open`
   */
  async rotate(
    name: string,
    author: Omit<Author, 'signer'>,
    timeMs: number,
    passphrase?: string,
    newPassphrase?: string,
  ): Promise<Rotation> {
    const old = await this.open(name, passphrase);
    const next = keyOfSeed(this.randomBytes(32));
    const by = (key: Key): Author => ({ ...author, signer: signerOfSeed(key.seed) });
    const blocks = [
      await createBlock({ kind: 'rotate/1', fields: { to: next.did }, refs: rotatesTo(next.did), timeMs }, by(old)),
      await createBlock({ kind: 'rotate/1', fields: { from: old.did }, refs: rotatesFrom(old.did), timeMs }, by(next)),
    ] as const;
    const was = await this.freeName(name);
    const locked = isLockedKey(await this.text(name));
    await this.folder.rename(`${name}.key`, `${was}.key`);
    if ((await this.folder.read(`${name}.pub`)) !== undefined) await this.folder.rename(`${name}.pub`, `${was}.pub`);
    return { from: { name: was, did: old.did, locked }, to: await this.put(name, next, newPassphrase), blocks };
  }

  private async put(name: string, key: Key, passphrase?: string): Promise<KeyInfo> {
    if (!isName(name))
      throw new CosmicError(
        'config.malformed',
        `key name ${name.slice(0, 80)}: small letters, digits, - and _, at most 64`,
      );
    if ((await this.folder.read(`${name}.key`)) !== undefined) throw new CosmicError('key.exists', name);
    await this.folder.create(`${name}.key`, await encodeKey(key, this.lockOf(passphrase)));
    await this.folder.create(`${name}.pub`, `${key.did}\n`);
    return { name, did: key.did, locked: passphrase !== undefined };
  }

  private async text(name: string): Promise<string> {
    const text = isName(name) ? await this.folder.read(`${name}.key`) : undefined;
    if (text === undefined) throw new CosmicError('key.not_found', name);
    return text;
  }

  private async freeName(name: string): Promise<string> {
    const files = new Set(await this.folder.list());
    for (let n = 1; ; n++) {
      const free = `${name}-before-${n}`;
      if (!files.has(`${free}.key`) && !files.has(`${free}.pub`)) return free;
    }
  }

  private lockOf(passphrase: string | undefined): { passphrase?: string; workFactor?: number } {
    if (passphrase === undefined) return {};
    return { passphrase, ...(this.workFactor === undefined ? {} : { workFactor: this.workFactor }) };
  }
}

function isName(name: string): boolean {
  return NAME.test(name);
}
