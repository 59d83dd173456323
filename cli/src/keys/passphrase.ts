import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CosmicError } from '@cosmicembeddings/sdk';

/** COSMIC_PASSPHRASE, else what is typed, unseen. @throws CosmicError key.locked where nobody can be asked */
export async function askPassphrase(question: string): Promise<string> {
  const given = process.env['COSMIC_PASSPHRASE'];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY)
    throw new CosmicError('key.locked', 'set COSMIC_PASSPHRASE, or run in a terminal to be asked');
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  const typed = await new Promise<string>((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
  });
  lines.close();
  process.stderr.write('\n');
  if (typed === '') throw new CosmicError('key.locked', 'no passphrase given');
  return typed;
}
