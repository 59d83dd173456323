import { createBlock, type CreatedBlock } from '../block/create.js';
import type { BlockId } from '../block/types.js';
import { toBase32, utf8 } from '../bytes.js';
import type { ValueMap } from '../codec/value.js';
import { encode } from '../codec/encode.js';
import { sha256 } from '../crypto/hash.js';
import { CosmicError } from '../errors.js';
import { limits } from '../limits.js';
import { encodeMetadata, type Metadata } from '../metadata/index.js';
import type { Accepted } from '../ports/index.js';
import type { EmbeddingBody } from '../kinds/embedding.js';
import { recipientOf, sealFields } from '../sealed/index.js';
import { packRows, spaceIdOf } from '../space/index.js';
import { metadataOf, type Document, type Documents } from './document.js';
import type { MemoryParts } from './parts.js';
import { sealedFor } from './sealed.js';
import type { About, NewMemory, Remembered, Write } from './types.js';
import type { CollectionPin } from './pin.js';
import { versionsOf, type Versions } from './versions.js';

/** Some of many could not be remembered; `results` has all of them in order. */
export class PartialError extends CosmicError {
  constructor(readonly results: readonly Remembered[]) {
    const refused = results.filter(({ status }) => status === 'refused');
    super(
      'memory.partial',
      `${refused.length} of ${results.length}: ${refused
        .slice(0, 3)
        .map(({ error }) => error!.message)
        .join('; ')}`,
    );
  }
}

/** One document on its way, read and bounded. */
interface Draft {
  readonly id: string;
  readonly passages: readonly string[];
  readonly metadata: Metadata;
  readonly tags: readonly string[];
  readonly origin: string;
  readonly language?: string;
  readonly vectors?: readonly Float32Array[];
}

/** Who alone is to read; undefined: everybody. */
type Readers = Write['for'];

type Place = { readonly draft: Draft } | { readonly refused: Remembered };

/** Writes documents; equal ones again are `unchanged`, others under a known id replace what stands there. */
export async function remember(
  many: readonly (string | NewMemory)[],
  options: Write,
  parts: MemoryParts,
  documents: Documents,
  pin: CollectionPin,
): Promise<Remembered[]> {
  const secret = options.for === undefined ? undefined : await ownSecret(parts);
  const places = many.map((one) => place(one, parts.collection, secret));
  const drafts = places.flatMap((one) => ('draft' in one ? [one.draft] : []));
  refuseTwice(drafts);
  const says = drafts.length === 0 || options.for !== undefined ? undefined : await pin.check();
  const ids = drafts.map(({ id }) => id);
  const known = await versionsOf(parts.api, documents, parts.did, parts.collection, ids);
  const changed = drafts.filter(
    (draft) => options.for !== undefined || !isUnchanged(draft, known.get(draft.id) ?? [], parts),
  );
  const made = await makeAll(changed, known, parts, options);
  const results = places.map((one): Remembered => {
    if ('refused' in one) return one.refused;
    const { id } = one.draft;
    const [standing] = known.get(id) ?? [];
    return made.get(id) ?? { id, status: 'unchanged', block: standing!.block, supersedes: [], searchable: true };
  });
  return publish(results, made, parts, options, says && { wire: says, held: () => pin.held() });
}

function place(one: string | NewMemory, collection: string, secret: Uint8Array | undefined): Place {
  const given: NewMemory = typeof one === 'string' ? { text: one } : one;
  const passages = 'passages' in given ? given.passages : [given.text];
  const about: About = given;
  const { metadata = {}, tags = [], origin = '', language } = about;
  const { vectors } = given;
  const id = about.id ?? contentId(collection, passages, metadata, tags, secret);
  try {
    if (passages.length === 0 || passages.some((text) => typeof text !== 'string' || text.trim() === ''))
      throw new CosmicError('input.empty', `${id}: a passage has no text`);
    if (passages.length > limits.rowsMax)
      throw new CosmicError(
        'input.too_large',
        `${id}: ${passages.length} passages, at most ${limits.rowsMax} a document`,
      );
    if (vectors !== undefined && vectors.length !== passages.length)
      throw new CosmicError('vector.malformed', `${id}: ${vectors.length} vectors for ${passages.length} passages`);
    encodeMetadata(metadata);
    const more = { ...(language === undefined ? {} : { language }), ...(vectors === undefined ? {} : { vectors }) };
    return { draft: { id, passages, metadata, tags, origin, ...more } };
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    return { refused: refusal(id, error) };
  }
}

/** What the author alone can make again: signatures of Ed25519 follow from key and message (RFC 8032, section 5.1.6). */
async function ownSecret({ author }: MemoryParts): Promise<Uint8Array> {
  return sha256(await author.signer.sign(utf8('cosmicembeddings: ids of sealed memories')));
}

/**
 * `h-` and the hash of what there is: the same memory twice is one. Of what is sealed, with the author's secret: whoever is
 * asked for the id could else try out which text it is of.
 */
function contentId(
  collection: string,
  passages: readonly string[],
  metadata: Metadata,
  tags: readonly string[],
  secret: Uint8Array | undefined,
): string {
  const content = {
    ...(secret === undefined ? {} : { secret }),
    collection,
    passages: passages.map(String),
    metadata: JSON.stringify(sorted(metadata)),
    tags: [...tags].map(String),
  };
  return `h-${toBase32(sha256(encode(content)))}`;
}

function sorted(metadata: Metadata): unknown {
  return Object.keys(metadata)
    .sort()
    .map((key) => [key, metadata[key]]);
}

function refuseTwice(drafts: readonly Draft[]): void {
  const seen = new Set<string>();
  for (const { id } of drafts) {
    if (seen.has(id)) throw new CosmicError('memory.duplicate_id', `${id} stands twice in one call; nothing was sent`);
    seen.add(id);
  }
}

function refusal(id: string, error: CosmicError): Remembered {
  return { id, status: 'refused', supersedes: [], searchable: false, error };
}

function isUnchanged(draft: Draft, versions: Versions, { embedder }: MemoryParts): boolean {
  const [only] = versions;
  return (
    versions.length === 1 && !only!.sealed && only!.space === spaceIdOf(embedder.space) && sameContent(draft, only!)
  );
}

function sameContent(draft: Draft, document: Document): boolean {
  const { body, tags } = document;
  const [reference] = body.input_reference;
  const one = (value: unknown): string => JSON.stringify(value);
  return (
    one(body.texts) === one(draft.passages) &&
    one(sorted(metadataOf(document, 0))) === one(sorted(draft.metadata)) &&
    one(tags) === one(draft.tags) &&
    reference!.origin === draft.origin &&
    reference!.language === draft.language
  );
}

interface Made extends Remembered {
  readonly wire?: Uint8Array;
}

/** Embeds all passages together, signs a block for each document. What cannot be embedded is refused alone. */
async function makeAll(
  drafts: readonly Draft[],
  known: ReadonlyMap<string, Versions>,
  parts: MemoryParts,
  { signal, for: readers }: Write,
): Promise<Map<string, Made>> {
  const made = new Map<string, Made>();
  const vectors = await embedAll(
    drafts.filter((draft) => draft.vectors === undefined),
    parts,
    signal,
  );
  for (const draft of drafts) {
    const rows = draft.vectors ?? vectors.get(draft.id)!;
    if (rows instanceof CosmicError) {
      made.set(draft.id, refusal(draft.id, rows));
      continue;
    }
    const supersedes = (known.get(draft.id) ?? []).slice(0, limits.refsMax).map(({ block }) => block);
    try {
      const block = await blockOf(draft, rows, supersedes, known.get(draft.id) ?? [], readers, parts);
      const status = supersedes.length === 0 ? 'stored' : 'replaced';
      made.set(draft.id, { id: draft.id, status, block: block.id, supersedes, searchable: false, wire: block.wire });
    } catch (error) {
      if (!(error instanceof CosmicError)) throw error;
      made.set(draft.id, refusal(draft.id, error));
    }
  }
  return made;
}

async function embedAll(
  drafts: readonly Draft[],
  { embedder }: MemoryParts,
  signal: AbortSignal | undefined,
): Promise<Map<string, Float32Array[] | CosmicError>> {
  const options = { role: 'passage', ...(signal === undefined ? {} : { signal }) } as const;
  const embed = async (texts: readonly string[]): Promise<Float32Array[]> =>
    (await embedder.embed(texts, options)).vectors;
  try {
    const all = await embed(drafts.flatMap(({ passages }) => passages));
    let at = 0;
    return new Map(drafts.map(({ id, passages }) => [id, all.slice(at, (at += passages.length))]));
  } catch (error) {
    if (!(error instanceof CosmicError) || error.code === 'embedder.unavailable') throw error;
    // One of them is at fault: find out which.
    const found = new Map<string, Float32Array[] | CosmicError>();
    for (const { id, passages } of drafts) {
      const rows = await embed(passages).catch((one: unknown) => {
        if (one instanceof CosmicError) return one;
        throw one;
      });
      found.set(id, rows);
    }
    return found;
  }
}

async function blockOf(
  draft: Draft,
  vectors: readonly Float32Array[],
  supersedes: readonly BlockId[],
  before: Versions,
  readers: Readers,
  { author, did, embedder, collection, now, identities = [] }: MemoryParts,
): Promise<CreatedBlock> {
  const metadata = Object.keys(draft.metadata).length === 0 ? undefined : encodeMetadata(draft.metadata);
  const fields: EmbeddingBody = {
    space: embedder.space,
    embedding: packRows(vectors, 'f32'),
    input_type: 'text',
    input_reference: draft.passages.map((text) => ({
      hash: sha256(utf8(text)),
      origin: draft.origin,
      ...(draft.language === undefined ? {} : { language: draft.language }),
    })),
    texts: draft.passages,
    collection,
    document: draft.id,
    ...(metadata === undefined ? {} : { metadata: draft.passages.map(() => metadata) }),
  };
  const refs = supersedes.map((id) => ({ rel: 'supersedes', id }));
  // Never earlier than what it replaces, whatever this clock says.
  const timeMs = Math.max(now(), ...before.map(({ timeMs: old }) => old + 1));
  const { tags } = draft;
  if (readers === undefined) return createBlock({ kind: 'embedding/1', fields, tags, refs, timeMs }, author);
  const sealed = await sealedFor([...readers, ...(await Promise.all(identities.map(recipientOf)))], (recipients) =>
    sealFields(
      { kind: 'embedding/1', fields: fields as unknown as ValueMap, tags, salt: author.salt() },
      did,
      author.registry,
      { recipients },
    ),
  );
  return createBlock({ kind: 'sealed/1', fields: sealed, refs, timeMs }, author);
}

async function publish(
  results: readonly Remembered[],
  made: ReadonlyMap<string, Made>,
  { api }: MemoryParts,
  { wait = 'searchable', settle = false, signal }: Write,
  first: { readonly wire: Uint8Array; held(): void } | undefined,
): Promise<Remembered[]> {
  const sent = [...made.values()].filter((one) => one.wire !== undefined);
  const answers =
    sent.length === 0
      ? []
      : await api.publish([...(first === undefined ? [] : [first.wire]), ...sent.map(({ wire }) => wire!)], {
          wait: wait === 'searchable' ? 'indexed' : 'durable',
          ...(signal === undefined ? {} : { signal }),
        });
  const ahead = answers.length - sent.length;
  const about = answers[0];
  if (ahead > 0 && (about?.status === 'stored' || about?.status === 'known')) first!.held();
  const outcome = new Map(sent.map(({ id }, i) => [id, answers[ahead + i]!]));
  const finished = results.map((one): Remembered => {
    const answer = outcome.get(one.id);
    return answer === undefined || made.get(one.id) !== one ? one : settled(one, answer, wait);
  });
  if (!settle && finished.some(({ status }) => status === 'refused')) {
    if (finished.length === 1) throw finished[0]!.error!;
    throw new PartialError(finished);
  }
  return finished;
}

function settled(one: Made, answer: Accepted, wait: 'searchable' | 'stored'): Remembered {
  const { id, status, block, supersedes } = one;
  if (answer.status === 'rejected') return refusal(id, new CosmicError(answer.code, `${id}: ${answer.detail}`));
  if (answer.status === 'later')
    return refusal(id, new CosmicError('block.in_future', `${id}: this clock is ahead of the node’s`));
  return { id, status, block: block!, supersedes, searchable: wait === 'searchable' };
}
