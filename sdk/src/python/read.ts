/**
 * JSON as CPython's `json.loads` reads it: integers of any size apart from floats, `NaN` and `Infinity` tokens, lone
 * surrogates, the last of repeated keys wins. Only what the signature needs to be rebuilt from.
 */
export type PyValue = null | boolean | string | PyInt | PyFloat | readonly PyValue[] | PyDict;
export type PyDict = ReadonlyMap<string, PyValue>;

export class PyInt {
  constructor(readonly value: bigint) {}
}

export class PyFloat {
  constructor(readonly value: number) {}
}

export class PyJsonError extends Error {
  override readonly name = 'PyJsonError';
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(`${message} at character ${offset}`);
  }
}

/** CPython refuses integers of more digits (sys.int_max_str_digits). */
const INT_DIGITS_MAX = 4300;
const NESTING_MAX = 256;

/** `valuesMax`: how many values, lists and maps included, the text may hold. @throws PyJsonError */
export function readPythonJson(text: string, valuesMax = Infinity): PyValue {
  const reader = new Reader(text, valuesMax);
  const value = reader.value(0);
  reader.space();
  if (reader.at !== text.length) throw new PyJsonError('text after the value', reader.at);
  return value;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
// eslint-disable-next-line no-control-regex -- JSON forbids these characters in strings
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS: readonly (readonly [string, PyValue])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', new PyFloat(NaN)],
  ['Infinity', new PyFloat(Infinity)],
  ['-Infinity', new PyFloat(-Infinity)],
];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Reader {
  at = 0;

  constructor(
    private readonly text: string,
    private valuesLeft: number,
  ) {}

  space(): void {
    SPACE.lastIndex = this.at;
    this.at += SPACE.exec(this.text)![0].length;
  }

  value(depth: number): PyValue {
    if (depth > NESTING_MAX) throw new PyJsonError(`nested deeper than ${NESTING_MAX}`, this.at);
    if (--this.valuesLeft < 0) throw new PyJsonError('too many values', this.at);
    this.space();
    const first = this.text[this.at];
    if (first === '{') return this.dict(depth);
    if (first === '[') return this.list(depth);
    if (first === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  private number(): PyInt | PyFloat {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) throw new PyJsonError('expected a value', this.at);
    const [spelling, fraction, exponent] = match;
    if (fraction === undefined && exponent === undefined) {
      if (spelling.length > INT_DIGITS_MAX)
        throw new PyJsonError(`integer of more than ${INT_DIGITS_MAX} digits`, this.at);
      this.at += spelling.length;
      return new PyInt(BigInt(spelling));
    }
    this.at += spelling.length;
    return new PyFloat(Number(spelling));
  }

  private string(): string {
    let out = '';
    this.at++;
    for (;;) {
      PLAIN.lastIndex = this.at;
      const plain = PLAIN.exec(this.text)![0];
      out += plain;
      this.at += plain.length;
      const next = this.text[this.at];
      if (next === '"') {
        this.at++;
        return out;
      }
      if (next !== '\\') throw new PyJsonError('string is not closed or holds a control character', this.at);
      out += this.escape();
    }
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? '';
    if (letter === 'u') {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new PyJsonError('malformed \\u escape', this.at);
      this.at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    const plain = ESCAPES[letter];
    if (plain === undefined) throw new PyJsonError('unknown escape', this.at);
    this.at += 2;
    return plain;
  }

  private list(depth: number): PyValue[] {
    const items: PyValue[] = [];
    this.at++;
    this.space();
    if (this.text[this.at] === ']') {
      this.at++;
      return items;
    }
    for (;;) {
      items.push(this.value(depth + 1));
      if (this.next(']')) return items;
    }
  }

  private dict(depth: number): PyDict {
    const map = new Map<string, PyValue>();
    this.at++;
    this.space();
    if (this.text[this.at] === '}') {
      this.at++;
      return map;
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') throw new PyJsonError('expected a key', this.at);
      const key = this.string();
      this.space();
      if (this.text[this.at] !== ':') throw new PyJsonError('expected a colon', this.at);
      this.at++;
      map.set(key, this.value(depth + 1));
      if (this.next('}')) return map;
    }
  }

  /** Steps over a comma (false) or the closing bracket (true). */
  private next(close: string): boolean {
    this.space();
    const found = this.text[this.at];
    if (found !== close && found !== ',') throw new PyJsonError(`expected , or ${close}`, this.at);
    this.at++;
    return found === close;
  }
}
