import { CosmicError } from '../../errors.js';
import { englishModel } from './space.js';

/** The model file (specs/embedder.md), read once; arrays are views into the bytes handed in. */
export interface Model {
  readonly semanticDims: number;
  readonly rowOf: ReadonlyMap<string, number>;
  readonly flags: Uint8Array;
  /** 2^16 times a row's step. */
  readonly multipliers: Uint16Array;
  /** 2^12 times a row's lexical length. */
  readonly lengths: Uint16Array;
  /** Two four-bit numbers a byte, low half first. */
  readonly table: Uint8Array;
  readonly gramWeights: Uint8Array;
  readonly fold: ReadonlyMap<number, string>;
  readonly exceptions: ReadonlyMap<string, string>;
  /** 2^8 (1 + ln n) for n = 1, 2, …; the last stands for all larger ones. */
  readonly counts: readonly number[];
  /** 2^12 times the lexical length of words made of pieces, and of numerals and other scripts. */
  readonly unknown: number;
  readonly numeral: number;
}

interface Header {
  readonly rows: number;
  readonly semantic: number;
  readonly counts: number[];
  readonly unknown: number;
  readonly numeral: number;
  readonly sections: Readonly<Record<string, readonly [number, number]>>;
  readonly exceptions: Readonly<Record<string, string>>;
  readonly fold: Readonly<Record<string, string>>;
}

const MAGIC = 'CEENGL01';

/** @throws CosmicError embedder.unavailable when the bytes are no such file */
export function readModel(bytes: Uint8Array): Model {
  for (let i = 0; i < MAGIC.length; i++)
    if (bytes[i] !== MAGIC.charCodeAt(i)) throw notTheFile('it does not begin as one');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length !== englishModel.bytes)
    throw notTheFile(`it has ${bytes.length} bytes instead of ${englishModel.bytes}`);
  if (checkOf(view) !== englishModel.check) throw notTheFile('it is damaged or another version');
  const size = view.getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + size))) as Header;
  const section = (name: string): Uint8Array => {
    const [at, length] = header.sections[name]!;
    return bytes.subarray(12 + size + at, 12 + size + at + length);
  };
  return {
    semanticDims: header.semantic,
    rowOf: readWords(section('words'), header.rows),
    flags: section('flags'),
    multipliers: shorts(section('multipliers')),
    lengths: shorts(section('lengths')),
    table: section('table'),
    gramWeights: section('grams'),
    fold: new Map(Object.entries(header.fold).map(([code, folded]) => [parseInt(code, 16), folded])),
    exceptions: new Map(Object.entries(header.exceptions)),
    counts: header.counts,
    unknown: header.unknown,
    numeral: header.numeral,
  };
}

/** FNV-1a over the file's 32-bit words, little-endian: tells accidents, not attacks, from the file that the space names. */
function checkOf(view: DataView): number {
  let check = 0x811c9dc5;
  for (let at = 0; at + 4 <= view.byteLength; at += 4) check = Math.imul(check ^ view.getUint32(at, true), 0x01000193);
  return check >>> 0;
}

function notTheFile(why: string): CosmicError {
  return new CosmicError('embedder.unavailable', `the bytes are not the model file of builtin/english-1: ${why}`);
}

/** Sorted words, each as {characters shared with the one before, further characters, these}. */
function readWords(bytes: Uint8Array, rows: number): Map<string, number> {
  const words = new Map<string, number>();
  let word = '';
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const more = bytes[at + 1]!;
    word =
      word.slice(0, bytes[at]!) +
      String.fromCharCode.apply(null, bytes.subarray(at + 2, at + 2 + more) as unknown as number[]);
    at += 2 + more;
    words.set(word, row);
  }
  return words;
}

function shorts(bytes: Uint8Array): Uint16Array {
  const out = new Uint16Array(bytes.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = bytes[2 * i]! | (bytes[2 * i + 1]! << 8);
  return out;
}
