import { CosmicError } from '@cosmicembeddings/sdk';

/** How far a watch is: all that blocks up to `seq` say was told, and the first `n` things that the next block says. */
export interface Place {
  readonly seq: number;
  readonly n: number;
}

const CURSOR = /^([A-Za-z0-9_-]{1,64})\.(\d{1,15})\.(\d{1,4})$/;

export function writePlace(epoch: string, { seq, n }: Place): string {
  return `${epoch}.${seq}.${n}`;
}

/** @throws CosmicError request.malformed */
export function readPlace(text: string): Place & { readonly epoch: string } {
  const match = CURSOR.exec(text);
  if (match === null) throw new CosmicError('request.malformed', `after: no cursor of a watch: ${text.slice(0, 100)}`);
  return { epoch: match[1]!, seq: Number(match[2]), n: Number(match[3]) };
}

export function isBefore(a: Place, b: Place): boolean {
  return a.seq < b.seq || (a.seq === b.seq && a.n < b.n);
}
