import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { CosmicError } from '@cosmicembeddings/sdk';
import { isObject } from './record.js';

/** Objects of a file of JSON Lines, `-` for standard input. @throws CosmicError request.malformed with the line's number */
export async function* objectsOf(path: string): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      value = undefined;
    }
    if (!isObject(value)) throw new CosmicError('request.malformed', `${path}, line ${number}: no JSON object`);
    yield value;
  }
}
