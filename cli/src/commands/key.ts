import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CosmicError, didOf, publicKeyOf, toHex } from '@cosmicembeddings/sdk';
import { identityOf, readSeed, writeKey, writeNewKey } from '../author.js';
import { print, printJson, UsageError } from '../output.js';
import { keyPath, type Settings } from '../settings.js';
import { define } from './command.js';

interface KeyFlags {
  action: 'new' | 'list' | 'show' | 'export' | 'import';
  name?: string | undefined;
  file?: string | undefined;
}

export const keyCommand = define<KeyFlags>({
  command: 'key <action> [name] [file]',
  describe: 'Make, list, show, export and import authors’ keys',
  builder: (yargs) =>
    yargs
      .positional('action', { choices: ['new', 'list', 'show', 'export', 'import'] as const, demandOption: true, describe: 'export prints the secret key' })
      .positional('name', { type: 'string', describe: 'name of the key; the configured one when left out' })
      .positional('file', { type: 'string', describe: 'key to import: 64 hexadecimal digits or base64' }),
  run: ({ action, name, file }, settings) => {
    const path = name === undefined ? settings.keyFile : keyPath(settings.home, name);
    switch (action) {
      case 'new':
        if (name === undefined) throw new UsageError('cosmic key new needs a name');
        refuseExisting(path);
        writeNewKey(path);
        return show(path, settings);
      case 'list':
        return list(settings);
      case 'show':
        return show(path, settings);
      case 'export':
        return settings.json ? printJson({ seed: toHex(readSeed(path)) }) : print(toHex(readSeed(path)));
      case 'import':
        if (name === undefined || file === undefined) throw new UsageError('cosmic key import NAME FILE');
        refuseExisting(path);
        writeKey(path, readSeed(file));
        return show(path, settings);
    }
  },
});

/** A key that is overwritten is an identity that is lost. */
function refuseExisting(path: string): void {
  if (existsSync(path)) throw new CosmicError('key.malformed', `${path} exists already and is kept; choose another name`);
}

function show(path: string, settings: Settings): void {
  const { did } = identityOf(readSeed(path), settings.network);
  if (settings.json) printJson({ name: basename(path, '.key'), file: path, author: did });
  else print(`${basename(path, '.key')}  ${did}  ${path}`);
}

function list(settings: Settings): void {
  const folder = join(settings.home, 'keys');
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.key')) : [];
  const keys = files.map((file) => ({ name: basename(file, '.key'), file: join(folder, file), author: didOf(publicKeyOf(readSeed(join(folder, file)))), open: (statSync(join(folder, file)).mode & 0o077) !== 0 }));
  if (settings.json) return printJson({ keys });
  if (keys.length === 0) print('no keys; make one with cosmic init or cosmic key new NAME');
  for (const key of keys) print(`${key.file === settings.keyFile ? '*' : ' '} ${key.name}  ${key.author}${key.open ? '  (others can read this file: chmod 600)' : ''}`);
}
