import type { Excerpt, Hit, SearchAnswer, SearchRequest } from '@cosmicembeddings/sdk';
import { searchWide, verifyHit, type Coverage, type HitVerification, type NodeClient } from '@cosmicembeddings/sdk/api';
import { portableChecks } from '@cosmicembeddings/sdk';
import { coverageText } from '@cosmicembeddings/sdk/filter';
import { openClient, openOther } from '../node-client.js';
import { note, plain, plural, print, printJson, shortDid, timeText, UsageError } from '../output.js';
import { paint } from '../paint.js';
import { verdictLine } from '../verdicts.js';
import type { Settings } from '../settings.js';
import { filterFlags, filterOf, type FilterFlags } from './filter.js';
import { define } from './command.js';

interface SearchFlags extends FilterFlags {
  words?: string[] | undefined;
  k: number;
  mode?: 'hybrid' | 'vectors' | 'words' | undefined;
  spaces?: string | undefined;
  forceTranslate: boolean;
  like?: string | undefined;
  minCosine?: number | undefined;
  allRows: boolean;
  collapse: boolean;
  hidden: boolean;
  trust?: string[] | undefined;
  authorShare?: 'bounded' | 'open' | undefined;
  explain: boolean;
  wide: boolean;
  verify: boolean;
}

export const searchCommand = define<SearchFlags>({
  command: 'search [words..]',
  describe: 'Find passages by meaning and words, and verify every hit here',
  examples: [
    ["cosmic search 'how hot is the kiln?'", 'the nearest passages, each verified here'],
    ['cosmic search kiln --tag pottery --since 2026-11-01 --collapse', 'narrowed, copies folded'],
    ['cosmic search kiln --explain', 'why each hit stands where it stands'],
    ['cosmic search kiln --where \'{"topic": "pottery"}\' --json', 'for a program'],
  ],
  builder: (yargs) =>
    filterFlags(yargs)
      .positional('words', { type: 'string', array: true, describe: 'the question, in plain words' })
      .option('k', { type: 'number', default: 5, describe: 'hits at most' })
      .option('mode', {
        choices: ['hybrid', 'vectors', 'words'] as const,
        describe: 'what to search by; hybrid when left out',
      })
      .option('spaces', {
        type: 'string',
        describe:
          'all when left out: wherever the question can be put; same: among authors’ own vectors alone; or space ids with commas between',
      })
      .option('force-translate', {
        type: 'boolean',
        default: false,
        describe: 'answer by translators also where little of the relevance is expected to be kept',
      })
      .option('like', { type: 'string', describe: 'more like the block with this id, instead of words' })
      .option('min-cosine', { type: 'number', describe: 'leave out hits below this cosine' })
      .option('all-rows', {
        type: 'boolean',
        default: false,
        describe: 'all passages of a block instead of its best one',
      })
      .option('collapse', {
        type: 'boolean',
        default: false,
        describe: 'fold copies, and what says nearly the same, into one hit',
      })
      .option('hidden', {
        type: 'boolean',
        default: false,
        describe: 'also blocks that views hide, with what they say of them',
      })
      .option('trust', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'an author (did) who may fill the page; may be repeated',
      })
      .option('author-share', {
        choices: ['bounded', 'open'] as const,
        describe: 'bounded when left out: an author has a fifth of a page while others have hits',
      })
      .option('explain', { type: 'boolean', default: false, describe: 'show how each score came about' })
      .option('wide', {
        type: 'boolean',
        default: false,
        describe: 'ask up to three of the node’s peers that keep more than it does, too; they are told the question',
      })
      .option('verify', {
        type: 'boolean',
        default: true,
        describe: 'fetch and verify every hit; --no-verify: trust the node',
      }),
  run: async (args, settings) => {
    const request = requestOf(args);
    const client = openClient(settings);
    if (args.wide) return searchWidely(request, client, settings);
    const answer = await client.search(request);
    const marks = args.verify ? await verifyAll(answer, client, settings.network) : answer.hits.map(() => undefined);
    if (settings.json)
      return printJson({ ...answer, hits: answer.hits.map((hit, i) => ({ ...hit, verified: marks[i] ?? null })) });
    answer.hits.forEach((hit, i) => print(`${hitText(hit, i + 1, marks[i])}\n`));
    print(endText(answer, args.k));
    for (const text of answer.notes ?? []) note(`note: ${text}`);
    if (answer.coverage !== undefined)
      note(`this node keeps a part alone: ${plain(coverageText(answer.coverage))} (--wide asks others, too)`);
  },
});

async function searchWidely(request: SearchRequest, client: NodeClient, settings: Settings): Promise<void> {
  const checks = portableChecks(settings.network);
  const { hits, coverage, answer } = await searchWide(client, request, { checks, open: openOther });
  if (settings.json)
    return printJson({
      ...answer,
      hits: hits.map(({ hit, verification, from }) => ({ ...hit, verified: verification, from })),
      coverage,
    });
  hits.forEach(({ hit, verification, from }, i) => {
    print(`${hitText(hit, i + 1, verification)}${from === client.url ? '' : `\n    found at ${from}`}\n`);
  });
  print(plural(hits.length, 'hit'));
  for (const one of coverage) note(askedText(one));
}

function askedText({ url, blocks = 0, keeps, hits, unsound, error }: Coverage): string {
  if (error !== undefined) return `${url}: ${error}`;
  const bad = unsound === 0 ? '' : `, ${unsound} did not verify`;
  const of = keeps === undefined ? '' : ` (${plain(coverageText(keeps))})`;
  return `${url} keeps ${plural(blocks, 'block')}${of}: ${plural(hits, 'hit')} that nobody before had${bad}`;
}

function requestOf(args: SearchFlags): SearchRequest {
  const text = (args.words ?? []).join(' ').trim();
  if (text === '' && args.like === undefined) throw new UsageError('say what to look for: cosmic search "words"');
  if (text !== '' && args.like !== undefined) throw new UsageError('--like takes the place of words; give one of them');
  if (args.wide && !args.verify) throw new UsageError('--wide asks nodes that nobody chose: it always verifies');
  if (!Number.isInteger(args.k) || args.k < 0 || args.k > 10_000)
    throw new UsageError(`--k ${String(args.k)}: a whole number from 0 to 10000`);
  return {
    ...(args.like === undefined ? { text } : { like: { id: args.like } }),
    k: args.k,
    filter: filterOf(args),
    verdicts: true,
    ...(args.mode === undefined ? {} : { mode: args.mode }),
    ...(args.spaces === undefined ? {} : { spaces: spacesOf(args.spaces) }),
    ...(args.forceTranslate ? { translate: 'always' } : {}),
    ...(args.minCosine === undefined ? {} : { minCosine: args.minCosine }),
    ...(args.allRows ? { rows: 'all' } : {}),
    ...(args.collapse ? { collapse: true } : {}),
    ...(args.hidden ? { hidden: 'show' } : {}),
    ...(args.trust === undefined ? {} : { trusted: args.trust }),
    ...(args.authorShare === undefined ? {} : { authorShare: args.authorShare }),
    ...(args.explain ? { explain: true } : {}),
  };
}

function spacesOf(text: string): NonNullable<SearchRequest['spaces']> {
  if (text === 'all' || text === 'same') return text;
  const ids = text.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]));
  if (ids.length === 0) throw new UsageError('--spaces: all, same, or space ids with commas between');
  return ids;
}

export async function verifyAll(
  answer: SearchAnswer,
  client: Pick<NodeClient, 'get'>,
  network: string,
): Promise<HitVerification[]> {
  const checks = portableChecks(network);
  const marks: HitVerification[] = [];
  for (const hit of answer.hits) marks.push(await verifyHit(hit, answer, client, checks));
  return marks;
}

export function hitText(hit: Hit, rank: number | undefined, mark: HitVerification | undefined): string {
  const where = [hit.origin ?? '(no source named)', hit.heading]
    .filter((part) => part !== undefined && part !== '')
    .join(' › ');
  const first = hit.passage === undefined ? undefined : bestText(hit.passage, hit.excerpt);
  const lines = [
    `${rank === undefined ? '•' : `${String(rank).padStart(2)}.`} ${howGood(hit)}  ${paint('bold', plain(where))}`,
    `    ${first ?? '(the author did not publish the text)'}`,
    `    ${shortDid(hit.author)} · claimed ${timeText(hit.timeMs)}${hit.skyLabel === undefined ? '' : ` · ${plain(hit.skyLabel)}`}${hit.tags.map((tag) => ` · #${plain(tag)}`).join('')}`,
    `    ${paint(isSound(mark) ? 'green' : mark === undefined ? 'dim' : 'red', badge(hit, mark))}`,
    ...(hit.verdicts ?? []).map((verdict) => `    ${paint('yellow', verdictLine(verdict))}`),
    paint('dim', `    ${hit.id}${hit.row > 0 ? ` row ${hit.row}` : ''}`),
  ];
  if (hit.textCosine !== undefined)
    lines.push(`    ⚠ its vector is not that of its text (cosine ${hit.textCosine.toFixed(4)}): ranked by the text`);
  if (hit.duplicates !== undefined && hit.duplicates > 0)
    lines.push(`    and ${plural(hit.duplicates, 'copy', 'copies')}`);
  if (hit.explain !== undefined) lines.push(...explainText(hit.explain));
  return lines.join('\n');
}

const STRENGTH_COLOURS = { strong: 'green', fair: 'yellow', weak: 'red' } as const;

/** Score and word; where nobody can judge, what was measured: a score there is an order and says nothing. */
function howGood({ score, strength, cosine }: Hit): string {
  if (strength === 'unknown')
    return cosine === undefined ? 'not judged' : `cosine ${cosine.toFixed(3)}, ${paint('dim', 'not judged')}`;
  return strength === undefined
    ? score.toFixed(3)
    : `${score.toFixed(3)} ${paint(STRENGTH_COLOURS[strength], strength)}`;
}

function isSound(mark: HitVerification | undefined): boolean {
  return mark !== undefined && mark.signed && mark.cosine !== false && mark.passage !== false;
}

/** How the score came about: a line for each part with what is usual here, then whatever else the node says of it. */
function explainText(explained: Readonly<Record<string, unknown>>): string[] {
  const said = (value: unknown): string => {
    if (typeof value === 'number') return String(Number(value.toPrecision(4)));
    if (typeof value !== 'object' || value === null) return plain(String(value));
    return Object.entries(value)
      .map(([key, one]) => `${key} ${typeof one === 'object' && one !== null ? `(${said(one)})` : said(one)}`)
      .join(', ');
  };
  return Object.entries(explained)
    .filter(([part]) => part !== 'mode')
    .map(([part, value]) => `      ${part === 'vectors' ? 'meaning' : part}: ${measuredText(value) ?? said(value)}`);
}

interface Measured {
  readonly cosine?: number;
  readonly bm25?: number;
  readonly background?: { readonly mean: number; readonly spread: number };
  readonly standard?: number;
  readonly weight?: number;
  readonly [more: string]: unknown;
}

/** What was found, what is usual here, and what that adds to the score; undefined where the node says something else. */
function measuredText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { cosine, bm25, background, standard, weight, space, because } = value as Measured;
  const found = cosine ?? bm25;
  if (typeof found !== 'number') return undefined;
  const n = (number: number): string => number.toFixed(Math.abs(number) < 1 ? 3 : 2);
  return [
    `${cosine === undefined ? 'bm25' : 'cosine'} ${n(found)}`,
    background === undefined ? undefined : `usual here ${n(background.mean)} ± ${n(background.spread)}`,
    standard === undefined || weight === undefined
      ? undefined
      : `${n(standard)} spreads above × weight ${n(weight)} = ${n(standard * weight)}`,
    because === undefined ? undefined : `held down: ${plain(String(because))}`,
    space === undefined ? undefined : paint('dim', `space ${plain(String(space))}`),
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

const SHOWN_CHARS = 160;

/** The sentence that says most of what was asked, its words marked; else the first line. */
function bestText(passage: string, excerpt: Excerpt | undefined): string {
  if (excerpt === undefined || !(excerpt.start >= 0 && excerpt.end <= passage.length))
    return plain(firstLine(passage)).slice(0, SHOWN_CHARS);
  const marks = excerpt.marks.filter(([from, to]) => from >= excerpt.start && to <= excerpt.end && from < to);
  // A long sentence is shown from a little before its first word on.
  const from = Math.max(excerpt.start, Math.min((marks[0]?.[0] ?? 0) - 40, excerpt.end - SHOWN_CHARS));
  const to = Math.min(excerpt.end, from + SHOWN_CHARS);
  let [text, at] = [from > excerpt.start ? '…' : '', from];
  for (const [start, end] of marks) {
    if (start < at || end > to) continue;
    text += oneLine(passage.slice(at, start)) + paint('bold', oneLine(passage.slice(start, end)));
    at = end;
  }
  return `${text}${oneLine(passage.slice(at, to))}${to < excerpt.end ? '…' : ''}`;
}

function oneLine(text: string): string {
  return plain(text.replace(/\s+/g, ' '));
}

/** The first line with words in it: no fence of code, no rule. */
function firstLine(passage: string): string {
  const lines = passage.split('\n');
  return (lines.find((line) => /[\p{L}\p{N}]/u.test(line) && !/^\s*(```|~~~)/.test(line)) ?? lines[0]!).trim();
}

/** What was verified here, never that it is true. */
export function badge(hit: Hit, mark: HitVerification | undefined): string {
  if (mark === undefined) return 'not verified here';
  if (!mark.signed) return `✗ NOT verified: ${mark.detail ?? ''}`;
  const sky = hit.id.startsWith('bafkrei') ? 'version 1, sky not judged' : 'sky consistent';
  const cosine =
    mark.cosine === undefined
      ? hit.computed === true
        ? ' · vector computed by the node, of the signed text'
        : ''
      : mark.cosine
        ? ` · cosine ${hit.cosine!.toFixed(4)} recomputed`
        : ' · ✗ the node’s cosine is WRONG';
  const passage = mark.passage === false ? ' · ✗ the passage shown is NOT the signed one' : '';
  return `✓ signed by ${shortDid(hit.author)} · ${sky}${cosine}${passage}`;
}

function endText(answer: SearchAnswer, k: number): string {
  if (k === 0) return '0 hits: k is 0';
  if (answer.hits.length === 0) return 'no hits';
  if (answer.hits.length < k && answer.exhausted) return `${plural(answer.hits.length, 'hit')}; there are no more`;
  return plural(answer.hits.length, 'hit');
}
