import { invalid, Refusal } from './refusal.js';

/** What one program can make the gateway hold and do; each bound is refused beyond, before the work is begun. */
export const bounds = {
  /** One body; and all that are there at a time. */
  bodyMaxBytes: 128 * 1024 * 1024,
  /** Of a body: levels, values that are no numbers, and numbers: 5,000 records of 3,072 dimensions fit. */
  depthMax: 64,
  valuesMax: 1_048_576,
  numbersMax: 16_777_216,
  bodyWithinMs: 60_000,
  connectionsMax: 256,
  workingMax: 4,
  waitingMax: 128,
  /** Ids of one `get` or `delete`. */
  idsMax: 10_000,
  /** Records that one answer reads whole; a page of more is cut out first. */
  readMax: 100_000,
  questionsMax: 256,
  /** `n_results` of all questions together. */
  hitsMax: 100_000,
  /** Products that one query compares records with. */
  productsMax: 4_000_000_000,
  answerMaxChars: 128 * 1024 * 1024,
  collectionsMax: 10_000,
  collectionMaxChars: 65_536,
} as const;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
/** A list's bracket is an object's without this bit. */
const OBJECT_BIT = 0x20;
const [OPENING, CLOSING] = [0x7b, 0x7d];

/** Looks through the bytes of a JSON text before anything is made of them. @throws Refusal */
export function checkShape(json: Uint8Array): void {
  let [depth, values, numbers, isText] = [0, 0, 0, false];
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]!;
    if (isText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) {
      isText = true;
      values += 1;
    } else if (byte === COMMA) numbers += 1;
    else if ((byte | OBJECT_BIT) === OPENING) {
      values += 1;
      depth += 1;
      if (depth > bounds.depthMax) throw invalid(`nested deeper than ${bounds.depthMax}`);
    } else if ((byte | OBJECT_BIT) === CLOSING) depth -= 1;
    if (values > bounds.valuesMax) throw invalid(`more than ${bounds.valuesMax} texts, lists and objects at once`);
  }
  if (numbers > bounds.numbersMax) throw invalid(`more than ${bounds.numbersMax} values at once`);
}

export interface Turns {
  /** @throws Refusal where too many wait */
  take<T>(work: () => Promise<T>): Promise<T>;
}

/** So many work at a time, the others in the order in which they came. */
export function createTurns(workingMax: number, waitingMax: number): Turns {
  const waiting: (() => void)[] = [];
  let working = 0;
  return {
    take: async (work) => {
      if (working < workingMax) working += 1;
      else if (waiting.length >= waitingMax) throw busy(`${waitingMax} requests wait`);
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        // The turn is handed on, else given back.
        const next = waiting.shift();
        if (next === undefined) working -= 1;
        else next();
      }
    },
  };
}

export const busy = (why: string): Refusal => new Refusal(503, 'InternalError', `${why}: ask again in a second`);

/** Other work of this process goes by. */
export const letOthersBy = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
