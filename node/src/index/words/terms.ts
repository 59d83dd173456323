import { readQuery, readWords } from '@cosmicembeddings/sdk/words';
import { stem } from './porter.js';

/** A text as the index keeps it. */
export interface Terms {
  /** Stems of its words, in order. */
  readonly words: readonly string[];
  /** Exact forms of words with diacritics, and the letters of scripts that are cut into pairs. */
  readonly also: readonly string[];
}

/** A passage's terms by where they stand. */
export interface TextTerms {
  readonly heading: readonly string[];
  readonly body: readonly string[];
  /** Exact forms and single letters, of both. */
  readonly also: readonly string[];
}

/** A question as the index reads it. */
export interface QueryTerms {
  readonly words: readonly string[];
  readonly also: readonly string[];
  readonly phrases: readonly (readonly string[])[];
}

const KEPT_MAX = 200_000;
const isLatin = /^[a-z]+$/;

/** Cuts texts into terms; of the words met last, each is stemmed once. */
export class Cutter {
  private stems = new Map<string, string>();

  cut(text: string): Terms {
    const words: string[] = [];
    const also: string[] = [];
    for (const { term, exact, letters } of readWords(text)) {
      words.push(this.stemOf(term));
      if (exact !== undefined) also.push(exact);
      if (letters !== undefined) also.push(...letters);
    }
    return { words, also };
  }

  text(heading: string, passage: string): TextTerms {
    const [above, below] = [this.cut(heading), this.cut(passage)];
    return { heading: above.words, body: below.words, also: [...above.also, ...below.also] };
  }

  ask(query: string): QueryTerms {
    const { words, exact, phrases } = readQuery(query);
    const stems = (terms: readonly string[]): string[] => terms.map((term) => this.stemOf(term));
    return { words: [...new Set(stems(words))], also: exact, phrases: phrases.map(stems) };
  }

  stemOf(word: string): string {
    const known = this.stems.get(word);
    if (known !== undefined) return known;
    if (this.stems.size > KEPT_MAX) this.stems = new Map();
    const found = isLatin.test(word) ? stem(word) : word;
    this.stems.set(word, found);
    return found;
  }
}
