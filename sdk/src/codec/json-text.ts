/**
 * JSON text (RFC 8259) read without loss: repeated keys, lone surrogates and deep nesting are refused instead of being
 * resolved in silence, and a number that is not a plainly written integer keeps its spelling.
 */
export type JsonValue = null | boolean | number | string | JsonDecimal | JsonValue[] | JsonMap;
export type JsonMap = Map<string, JsonValue>;

/** A number written with a fraction or an exponent, or beyond ±(2^53−1). */
export class JsonDecimal {
  constructor(readonly spelling: string) {}

  /** The nearest double. */
  get value(): number {
    return Number(this.spelling);
  }
}

export class JsonError extends Error {
  override readonly name = 'JsonError';
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(`${message} at character ${offset}`);
  }
}

/** Whole text, one value. @throws JsonError */
export function parseJson(text: string, nestingMax = 64): JsonValue {
  const reader = new Reader(text, nestingMax);
  const value = reader.value(0);
  reader.space();
  if (reader.at !== text.length) throw new JsonError('text after the value', reader.at);
  return value;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
// eslint-disable-next-line no-control-regex -- control characters are what JSON forbids in strings
const PLAIN = /[^"\\\u0000-\u001f]*/y;
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
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

class Reader {
  at = 0;

  constructor(
    private readonly text: string,
    private readonly nestingMax: number,
  ) {}

  value(depth: number): JsonValue {
    this.space();
    const first = this.text[this.at];
    if (first === '{') return this.map(depth);
    if (first === '[') return this.list(depth);
    if (first === '"') return this.string();
    if (first === 't') return this.word('true', true);
    if (first === 'f') return this.word('false', false);
    if (first === 'n') return this.word('null', null);
    return this.number();
  }

  space(): void {
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.at++;
    }
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw new JsonError('not JSON', this.at);
    this.at += word.length;
    return value;
  }

  private number(): number | JsonDecimal {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) throw new JsonError(this.at >= this.text.length ? 'text ends too early' : 'not JSON', this.at);
    this.at += match[0].length;
    if (match[1] !== undefined || match[2] !== undefined) return new JsonDecimal(match[0]);
    const value = Number(match[0]);
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? value : new JsonDecimal(match[0]);
  }

  private string(): string {
    const start = this.at++;
    let out = '';
    for (;;) {
      PLAIN.lastIndex = this.at;
      const plain = PLAIN.exec(this.text)![0];
      out += plain;
      this.at += plain.length;
      const next = this.text[this.at];
      if (next === '"') break;
      if (next !== '\\')
        throw new JsonError(next === undefined ? 'text ends too early' : 'control character in a string', this.at);
      out += this.escape();
    }
    this.at++;
    if (LONE_SURROGATE.test(out)) throw new JsonError('string holds a lone surrogate', start);
    return out;
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? '';
    const simple = ESCAPES[letter];
    if (simple !== undefined) {
      this.at += 2;
      return simple;
    }
    const digits = this.text.slice(this.at + 2, this.at + 6);
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) throw new JsonError('unknown escape', this.at);
    this.at += 6;
    return String.fromCharCode(parseInt(digits, 16));
  }

  private list(depth: number): JsonValue[] {
    this.descend(depth);
    const items: JsonValue[] = [];
    if (this.closes(']')) return items;
    do items.push(this.value(depth + 1));
    while (this.continues(']'));
    return items;
  }

  private map(depth: number): JsonMap {
    this.descend(depth);
    const map: JsonMap = new Map();
    if (this.closes('}')) return map;
    do {
      this.space();
      const start = this.at;
      if (this.text[start] !== '"') throw new JsonError('expected a key', start);
      const key = this.string();
      if (map.has(key)) throw new JsonError(`key ${JSON.stringify(key.slice(0, 80))} stands twice`, start);
      this.space();
      if (this.text[this.at] !== ':') throw new JsonError('expected a colon', this.at);
      this.at++;
      map.set(key, this.value(depth + 1));
    } while (this.continues('}'));
    return map;
  }

  private descend(depth: number): void {
    if (depth >= this.nestingMax) throw new JsonError(`nested deeper than ${this.nestingMax}`, this.at);
    this.at++;
  }

  private closes(bracket: string): boolean {
    this.space();
    if (this.text[this.at] !== bracket) return false;
    this.at++;
    return true;
  }

  private continues(bracket: string): boolean {
    if (this.closes(bracket)) return false;
    if (this.text[this.at] !== ',')
      throw new JsonError(this.at >= this.text.length ? 'text ends too early' : 'expected a comma', this.at);
    this.at++;
    return true;
  }
}
