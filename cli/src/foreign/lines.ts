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

const NEW_LINE = 0x0a;

/** Lines of a file, an open last one included; 0 where it cannot be read, which is said when it is read in earnest. */
export async function linesIn(path: string): Promise<number> {
  let lines = 0;
  let last = NEW_LINE;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      for (let at = chunk.indexOf(NEW_LINE); at >= 0; at = chunk.indexOf(NEW_LINE, at + 1)) lines += 1;
      last = chunk.at(-1) ?? last;
    }
  } catch {
    return 0;
  }
  return last === NEW_LINE ? lines : lines + 1;
}
