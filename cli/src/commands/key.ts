import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { concatBytes, CosmicError } from '@cosmicembeddings/sdk';
import { isLockedKey, type KeyInfo } from '@cosmicembeddings/sdk/keys';
import { keyFileText, openKeyring } from '@cosmicembeddings/sdk/keys/node';
import { authorParts } from '../keys/author.js';
import { askPassphrase } from '../keys/passphrase.js';
import { openClient } from '../node-client.js';
import { note, print, printJson, UsageError } from '../output.js';
import type { Settings } from '../settings.js';
import { define } from './command.js';

interface KeyFlags {
  action: 'new' | 'list' | 'show' | 'export' | 'import' | 'rotate';
  name?: string | undefined;
  file?: string | undefined;
  passphrase: boolean;
  publish: boolean;
}

export const keyCommand = define<KeyFlags>({
  command: 'key <action> [name] [file]',
  describe: 'Make, list, show, export, import and rotate authors’ keys',
  examples: [
    ['cosmic key list', 'the keys in your home folder'],
    ['cosmic key new bob', 'one more, to be used with --key bob'],
    ['cosmic key import bob bob.key', 'one that was made elsewhere'],
  ],
  builder: (yargs) =>
    yargs
      .positional('action', {
        choices: ['new', 'list', 'show', 'export', 'import', 'rotate'] as const,
        demandOption: true,
        describe: 'export prints the secret',
      })
      .positional('name', { type: 'string', describe: 'name of the key; the configured one when left out' })
      .positional('file', { type: 'string', describe: 'key file to import' })
      .option('passphrase', {
        type: 'boolean',
        default: false,
        describe:
          'lock the new key file with a passphrase (COSMIC_NEW_PASSPHRASE, else COSMIC_PASSPHRASE, else asked for)',
      })
      .option('publish', {
        type: 'boolean',
        default: true,
        describe: 'rotate: publish the two blocks that hand the identity over',
      }),
  run: async (args, settings) => {
    const keyring = openKeyring(settings.home);
    const name = args.name ?? configuredName(settings);
    switch (args.action) {
      case 'list':
        return list(await keyring.list(), settings);
      case 'new':
        if (args.name === undefined) throw new UsageError('cosmic key new NAME');
        return show(await keyring.create(name, await newPassphrase(args)), settings);
      case 'show':
        return show(await keyring.info(name), settings);
      case 'export': {
        const text = await keyring.export(name, await passphraseOf(settings, name), await newPassphrase(args));
        return settings.json ? printJson({ name, key: text }) : print(text.trimEnd());
      }
      case 'import': {
        if (args.name === undefined || args.file === undefined) throw new UsageError('cosmic key import NAME FILE');
        const text = await keyFileText(args.file);
        if (text === undefined) throw new CosmicError('input.not_found', args.file);
        const passphrase = isLockedKey(text) ? await askPassphrase(`Passphrase of ${args.file}: `) : undefined;
        return show(await keyring.import(name, text, passphrase, await newPassphrase(args)), settings);
      }
      case 'rotate':
        return rotate(name, args, settings);
    }
  },
});

/** The new key signs from now on; the blocks that say so are kept in a file until a node has them. */
async function rotate(name: string, args: KeyFlags, settings: Settings): Promise<void> {
  const keyring = openKeyring(settings.home);
  const rotation = await keyring.rotate(
    name,
    authorParts(settings.network),
    Date.now(),
    await passphraseOf(settings, name),
    await newPassphrase(args),
  );
  const wires = rotation.blocks.map((block) => block.wire);
  const file = join(settings.home, 'keys', `${rotation.from.name}.rotation.cbor`);
  writeFileSync(file, concatBytes(...wires), { mode: 0o600 });
  if (settings.json)
    printJson({ from: rotation.from, to: rotation.to, blocks: rotation.blocks.map((block) => block.id), file });
  else
    print(
      `${rotation.to.name} is now ${rotation.to.did}\nbefore it was ${rotation.from.did}, kept as ${rotation.from.name}`,
    );
  if (!args.publish) return note(`publish the handing over with: cosmic import ${file}`);
  try {
    const answers = await openClient(settings).publish(wires);
    const refused = answers.find((answer) => answer.status === 'rejected');
    if (refused?.status === 'rejected') throw new CosmicError(refused.code, refused.detail);
    note('published: the old key hands over to the new one');
  } catch (error) {
    note(`the key is rotated but the handing over is not published yet: cosmic import ${file}`);
    throw error;
  }
}

function configuredName(settings: Settings): string {
  return basename(settings.keyFile, '.key');
}

async function passphraseOf(settings: Settings, name: string): Promise<string | undefined> {
  const text = await keyFileText(join(settings.home, 'keys', `${name}.key`));
  return text !== undefined && isLockedKey(text) ? askPassphrase(`Passphrase of ${name}: `) : undefined;
}

async function newPassphrase({ passphrase }: KeyFlags): Promise<string | undefined> {
  if (!passphrase) return undefined;
  return process.env['COSMIC_NEW_PASSPHRASE'] ?? askPassphrase('New passphrase: ');
}

function show(info: KeyInfo, settings: Settings): void {
  if (settings.json) printJson(info);
  else print(`${info.name}  ${info.did}${info.locked ? '  (locked with a passphrase)' : ''}`);
}

function list(keys: readonly KeyInfo[], settings: Settings): void {
  if (settings.json) return printJson({ keys });
  if (keys.length === 0) print('no keys; make one with cosmic init or cosmic key new NAME');
  for (const key of keys)
    print(
      `${key.name === configuredName(settings) ? '*' : ' '} ${key.name}  ${key.did}${key.locked ? '  (locked)' : ''}`,
    );
}
