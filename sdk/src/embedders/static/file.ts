import { CosmicError } from '../../errors.js';

/** A model file as its space names it. */
export interface ModelFile {
  readonly model: string;
  /** The first eight bytes, ASCII. */
  readonly magic: string;
  readonly bytes: number;
  /** `checkOf` of the file. */
  readonly check: number;
}

/** Its parts: header (JSON) and sections, views into the bytes handed in. */
export interface Opened<Header> {
  readonly header: Header;
  section(name: string): Uint8Array;
}

/** What the header of every such file holds. */
export interface TableHeader {
  readonly rows: number;
  readonly semantic: number;
  readonly counts: readonly number[];
  readonly unknown: number;
  readonly numeral: number;
  readonly sections: Readonly<Record<string, readonly [number, number]>>;
  readonly fold: Readonly<Record<string, string>>;
}

/** The rows of a model and the constants of its arithmetic; arrays are views into the file's bytes. */
export interface Table {
  readonly semanticDims: number;
  readonly rowOf: ReadonlyMap<string, number>;
  /** 2^16 times a row's step. */
  readonly multipliers: Uint16Array;
  /** 2^12 times a row's lexical length. */
  readonly lengths: Uint16Array;
  /** Two four-bit numbers a byte, low half first. */
  readonly table: Uint8Array;
  readonly gramWeights: Uint8Array;
  readonly fold: ReadonlyMap<number, string>;
  /** 2^8 (1 + ln n) for n = 1, 2, …; the last stands for all larger ones. */
  readonly counts: readonly number[];
  /** 2^12 times the lexical length of words made of pieces, and of numerals and other scripts. */
  readonly unknown: number;
  readonly numeral: number;
}

/** @throws CosmicError embedder.unavailable when the bytes are another file */
export function openModel<Header extends TableHeader>(bytes: Uint8Array, file: ModelFile): Opened<Header> {
  const wrong = (why: string): CosmicError =>
    new CosmicError('embedder.unavailable', `the bytes are not the model file of ${file.model}: ${why}`);
  for (let i = 0; i < file.magic.length; i++)
    if (bytes[i] !== file.magic.charCodeAt(i)) throw wrong('it does not begin as one');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length !== file.bytes) throw wrong(`it has ${bytes.length} bytes instead of ${file.bytes}`);
  if (checkOf(view) !== file.check) throw wrong('it is damaged or another version');
  const size = view.getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + size))) as Header;
  return {
    header,
    section: (name) => {
      const [at, length] = header.sections[name]!;
      return bytes.subarray(12 + size + at, 12 + size + at + length);
    },
  };
}

export function tableOf({ header, section }: Opened<TableHeader>): Table {
  return {
    semanticDims: header.semantic,
    rowOf: readWords(section('words'), header.rows),
    multipliers: shorts(section('multipliers')),
    lengths: shorts(section('lengths')),
    table: section('table'),
    gramWeights: section('grams'),
    fold: codePoints(header.fold),
    counts: header.counts,
    unknown: header.unknown,
    numeral: header.numeral,
  };
}

/** {code point in hexadecimal: replacement} of a header. */
export function codePoints(table: Readonly<Record<string, string>>): Map<number, string> {
  return new Map(Object.entries(table).map(([code, replacement]) => [parseInt(code, 16), replacement]));
}

/** FNV-1a over the file's 32-bit words, little-endian: tells accidents, not attacks, from the file that the space names. */
function checkOf(view: DataView): number {
  let check = 0x811c9dc5;
  for (let at = 0; at + 4 <= view.byteLength; at += 4) check = Math.imul(check ^ view.getUint32(at, true), 0x01000193);
  return check >>> 0;
}

/** Sorted words, each as {bytes shared with the one before, further bytes, these}; UTF-8 of the basic plane. */
function readWords(bytes: Uint8Array, rows: number): Map<string, number> {
  const words = new Map<string, number>();
  const word = new Uint8Array(512);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const shared = bytes[at]!;
    const more = bytes[at + 1]!;
    word.set(bytes.subarray(at + 2, at + 2 + more), shared);
    at += 2 + more;
    words.set(utf8(word, shared + more), row);
  }
  return words;
}

function utf8(bytes: Uint8Array, length: number): string {
  const codes: number[] = [];
  for (let i = 0; i < length; i++) {
    const first = bytes[i]!;
    if (first < 0x80) codes.push(first);
    else if (first < 0xe0) codes.push(((first & 31) << 6) | (bytes[++i]! & 63));
    else codes.push(((first & 15) << 12) | ((bytes[++i]! & 63) << 6) | (bytes[++i]! & 63));
  }
  return String.fromCharCode.apply(null, codes);
}

function shorts(bytes: Uint8Array): Uint16Array {
  const out = new Uint16Array(bytes.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = bytes[2 * i]! | (bytes[2 * i + 1]! << 8);
  return out;
}
