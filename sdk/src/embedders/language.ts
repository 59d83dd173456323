import type { SpaceDescriptor } from '../space/index.js';

/** Scripts that name a language, or a few, well enough to say so. */
const scripts: readonly (readonly [name: string, letters: RegExp])[] = [
  ['Japanese', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['Korean', /\p{Script=Hangul}/gu],
  ['Chinese', /\p{Script=Han}/gu],
  ['Thai', /\p{Script=Thai}/gu],
  ['Arabic', /\p{Script=Arabic}/gu],
  ['Hebrew', /\p{Script=Hebrew}/gu],
  ['Greek', /\p{Script=Greek}/gu],
  ['a language in Cyrillic letters', /\p{Script=Cyrillic}/gu],
  [
    'a language of India',
    /[\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Gujarati}]/gu,
  ],
];

/** Words that nearly every sentence has, and that the other languages here do not. */
const stopWords: Readonly<Record<string, string>> = {
  English: 'the of and to is are was were that it for with as his her this which what how does from have be not you',
  German: 'der das und ist nicht ein eine den dem des mit für auf wie auch sich von zu wird sind warum welche über ich',
  French: 'le les des du est une dans pour que qui pas sur avec sont au aux ce cette comment quelle pourquoi et nous',
  Spanish: 'el los las del una es por para con que como qué cómo está son su sobre cuál dónde y pero más también',
  Italian: 'il gli della di che è una per con non sono come nel dei alla perché questo anche quale dove e',
  Portuguese: 'o os da do das dos uma em não para com que como são está por mais seu sua qual onde é',
  Dutch: 'het een van is dat niet zijn met voor op hoe ook waar deze wordt aan bij naar ik je en',
  Swedish: 'och att det som är en inte på för med av den till hur vad kan jag har om ett',
  Polish: 'i w nie jest się na że do jak co to z są czy przez dla jego gdzie być',
};
const votes = new Map<string, string[]>();
for (const [language, words] of Object.entries(stopWords))
  for (const word of words.split(' ')) votes.set(word, [...(votes.get(word) ?? []), language]);

/** Text that is read for a guess: enough to tell, and bounded. */
const READ_CHARS = 4096;

/**
 * The language of a text by its script and its stop words, in English words; undefined where neither tells (a name, a
 * number, two words). A guess, good for advice and for nothing else.
 */
export function guessLanguage(text: string): string | undefined {
  const read = text.slice(0, READ_CHARS);
  const letters = read.match(/\p{L}/gu)?.length ?? 0;
  if (letters === 0) return undefined;
  for (const [name, script] of scripts) {
    const share = (read.match(script)?.length ?? 0) / letters;
    // Japanese has Chinese letters between its own.
    if (share > (name === 'Japanese' ? 0.15 : 0.4)) return name;
  }
  const counts = new Map<string, number>();
  const words = read.toLowerCase().match(/\p{L}+/gu) ?? [];
  for (const word of words) {
    const languages = votes.get(word) ?? [];
    for (const one of languages) counts.set(one, (counts.get(one) ?? 0) + 1 / languages.length);
  }
  const [first, second] = [...counts].sort(([, a], [, b]) => b - a);
  if (first === undefined || first[1] < Math.max(1.5, 0.04 * words.length)) return undefined;
  return second !== undefined && second[1] > 0.6 * first[1] ? undefined : first[0];
}

/** Models that were trained on English alone, by their names. */
const englishOnly =
  /english|minilm-l\d+-v2|mpnet-base-v2|-en-|-en$|\be5-(?:small|base|large)-v2|gte-(?:small|base|large)|nomic-embed-text/i;

const multilingual = 'builtin/multilingual-1';
/** What the built-in multilingual embedder knows. */
const sevenLanguages = 'English, German, Spanish, French, Italian, Dutch, Portuguese'.split(', ');

/** The languages that a space's model is known to be made for, as far as its name tells. */
export function languagesOf({ model }: Pick<SpaceDescriptor, 'model'>): readonly string[] | undefined {
  if (model === multilingual) return sevenLanguages;
  return englishOnly.test(model) && !/multilingual/i.test(model) ? ['English'] : undefined;
}

/** The language of a text that the space's model was not made for; undefined where it was, or where nobody knows. */
export function foreignLanguage(text: string, space: Pick<SpaceDescriptor, 'model'>): string | undefined {
  const known = languagesOf(space);
  if (known === undefined) return undefined;
  const language = guessLanguage(text);
  return language === undefined || known.includes(language) ? undefined : language;
}

/** Whether the space's model is made for the language of a text that is not English, as far as its name tells. */
export function speaksLanguage(text: string, space: Pick<SpaceDescriptor, 'model'>): boolean {
  return /multilingual/i.test(space.model) && foreignLanguage(text, space) === undefined;
}

/** What to say where a text is in a `foreignLanguage`; undefined where it is not. */
export function languageAdvice(text: string, space: Pick<SpaceDescriptor, 'model'>): string | undefined {
  const language = foreignLanguage(text, space);
  return language === undefined ? undefined : `this looks like ${language}, and ${otherEmbedder(space)}`;
}

/** The advice which embedder to take, as half a sentence. */
export function otherEmbedder({ model }: Pick<SpaceDescriptor, 'model'>): string {
  if (model === multilingual)
    return `${model} knows ${sevenLanguages.join(', ')} alone: words find it, meaning hardly does; take an embedder such as multilingual-e5-small`;
  return (
    `${model} knows English alone: words find it, meaning hardly does; for ${sevenLanguages.slice(1).join(', ')} take \`multilingual\` ` +
    '(npm install @cosmicembeddings/multilingual), for others an embedder such as multilingual-e5-small'
  );
}
