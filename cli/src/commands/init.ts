import { CosmicError } from '@cosmicembeddings/sdk';
import { parseEmbedderConfig, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { keyFileText, openKeyring } from '@cosmicembeddings/sdk/keys/node';
import { openKey } from '../keys/author.js';
import { basename } from 'node:path';
import { builtinEmbedder } from '../embedder.js';
import { print, printJson } from '../output.js';
import { placeOfDegrees } from './sky.js';
import { keyPath, store, type PlaceSetting, type Settings } from '../settings.js';
import { define } from './command.js';

interface InitFlags {
  latitude?: number | undefined;
  longitude?: number | undefined;
  elevation?: number | undefined;
  grid?: number | undefined;
}

export const initCommand = define<InitFlags>({
  command: 'init',
  describe: 'Write the configuration and make the author’s key; what exists is kept',
  builder: (yargs) =>
    yargs
      .option('latitude', {
        type: 'number',
        describe: 'where this author is, degrees north; leave out to stamp without a place',
      })
      .option('longitude', { type: 'number', describe: 'degrees east' })
      .option('elevation', { type: 'number', describe: 'metres' })
      .option('grid', { type: 'number', describe: 'tell the place only to a grid of so many degrees' })
      .example('$0 init', 'with the built-in embedder')
      .example('$0 init --embedder openai:nomic-embed-text@http://127.0.0.1:11434/v1', 'with an endpoint of yours'),
  run: async (args, settings) => {
    const madeKey = (await keyFileText(settings.keyFile)) === undefined;
    const did = await authorOf(settings, madeKey);
    const before = settings.stored.get('embedder');
    const embedder: EmbedderConfig =
      args.embedder === undefined
        ? (settings.embedder ?? (await builtinEmbedder()))
        : parseEmbedderConfig(args.embedder);
    const place = placeSetting(args) ?? settings.place;
    store(settings, {
      node: settings.node,
      network: settings.network,
      key: args.key ?? settings.stored.get('key') ?? 'default',
      data: settings.data,
      embedder,
      ...(place === undefined ? {} : { place }),
    });
    if (settings.json)
      return printJson({
        file: settings.file,
        keyFile: settings.keyFile,
        keyMade: madeKey,
        author: did,
        embedder,
        node: settings.node,
        network: settings.network,
        data: settings.data,
        place: place ?? null,
      });
    print(`configuration  ${settings.file}`);
    print(`author         ${did}`);
    print(
      `key            ${settings.keyFile} (${madeKey ? 'made now' : 'was there, kept'}; keep a copy: whoever has it signs as you)`,
    );
    print(
      `embedder       ${JSON.stringify(embedder)}${before === undefined || JSON.stringify(before) === JSON.stringify(embedder) ? '' : ' (replaces another one)'}`,
    );
    print(`node           ${settings.node}, network ${settings.network}, data folder ${settings.data}`);
    print(
      `place          ${place === undefined ? 'none: stamps are geocentric' : `${place.latitude}, ${place.longitude}${place.grid === undefined ? '' : `, told to ${place.grid}°`}`}`,
    );
    print();
    print('Next: cosmic node start   (and in another terminal) cosmic publish FILE|FOLDER…   cosmic search "words"');
  },
});

/** The author's name; makes the key where there is none. */
async function authorOf(settings: Settings, make: boolean): Promise<string> {
  const name = basename(settings.keyFile, '.key');
  const ours = settings.keyFile === keyPath(settings.home, name);
  if (make && !ours)
    throw new CosmicError('key.not_found', `${settings.keyFile}; init makes keys by name, below ${settings.home}`);
  if (make) return (await openKeyring(settings.home).create(name)).did;
  return ours ? (await openKeyring(settings.home).info(name)).did : (await openKey(settings)).did;
}

/** Checked here, so that a wrong place is refused now and not at the first publication. */
function placeSetting({ latitude, longitude, elevation, grid }: InitFlags): PlaceSetting | undefined {
  if (placeOfDegrees({ latitude, longitude, elevation, grid }) === undefined) return undefined;
  return {
    latitude: latitude!,
    longitude: longitude!,
    ...(elevation === undefined ? {} : { elevation }),
    ...(grid === undefined ? {} : { grid }),
  };
}
