import type { BlockId } from '../block/types.js';
import type { Did } from '../crypto/identity.js';
import { CosmicError } from '../errors.js';
import { passes, rowsPassing, testsOf, type Facts, type Filter } from '../filter/index.js';
import { checkAny } from '../formats/index.js';
import { embeddingKind, type EmbeddingBody } from '../kinds/embedding.js';
import { openSealed, type SealedBody } from '../sealed/index.js';
import { spaceIdOf } from '../space/index.js';
import type { Document, ReaderParts } from './parts.js';

/** Sealed blocks that are opened and kept; of more the newest. */
const OPENED_MAX = 10_000;
const PAGE = 1000;
const READ_AT_ONCE = 200;

/**
 * Memories that were sealed for one of these identities. What they hold no node can find: they are read, opened here, once
 * each, and filtered and compared here.
 */
export class SealedMemories {
  private readonly opened = new Map<BlockId, Document>();
  /** Sealed for others, or not what they say they are. */
  private readonly shut = new Set<BlockId>();

  constructor(private readonly parts: Pick<ReaderParts, 'api' | 'checks' | 'identities'>) {}

  /** Those that stand and pass, newest first. */
  async passing(filter: Filter, signal?: AbortSignal): Promise<Document[]> {
    if ((this.parts.identities ?? []).length === 0) return [];
    const ids = await this.standing(filter.authors, signal);
    const unread = ids.filter((id) => !this.opened.has(id) && !this.shut.has(id));
    for (let from = 0; from < unread.length; from += READ_AT_ONCE)
      await this.open(unread.slice(from, from + READ_AT_ONCE), signal);
    const tests = testsOf(filter);
    return ids.flatMap((id) => {
      const document = this.opened.get(id);
      return document !== undefined && passes(factsOf(document), tests) ? [document] : [];
    });
  }

  /** One by its block, whatever stands beside it. */
  async one(id: BlockId): Promise<Document | undefined> {
    if ((this.parts.identities ?? []).length === 0) return undefined;
    if (!this.opened.has(id) && !this.shut.has(id)) await this.open([id]);
    return this.opened.get(id);
  }

  private async standing(authors: readonly string[] | undefined, signal?: AbortSignal): Promise<BlockId[]> {
    const ids: BlockId[] = [];
    let after: string | undefined;
    do {
      signal?.throwIfAborted();
      const page = await this.parts.api.find(
        { kinds: ['sealed/1'], ...(authors === undefined ? {} : { authors }) },
        { limit: PAGE, order: 'newest', hidden: 'hide', ...(after === undefined ? {} : { after }) },
      );
      ids.push(...page.ids);
      after = page.next;
    } while (after !== undefined && ids.length < OPENED_MAX);
    return ids.slice(0, OPENED_MAX);
  }

  private async open(ids: readonly BlockId[], signal?: AbortSignal): Promise<void> {
    const { api } = this.parts;
    const views =
      api.read === undefined ? await Promise.all(ids.map((id) => api.get(id))) : await api.read(ids, signal);
    await Promise.all(
      ids.map(async (id, i) => {
        const wire = views[i]?.wire;
        // Not there any more, or not yet: the next question asks again.
        if (wire === undefined) return;
        const document = await this.read(id, wire);
        if (document === undefined) this.shut.add(id);
        else this.opened.set(id, document);
        if (this.shut.size > 10 * OPENED_MAX) this.shut.delete(this.shut.keys().next().value!);
        if (this.opened.size > 2 * OPENED_MAX) this.opened.delete(this.opened.keys().next().value!);
      }),
    );
  }

  /** Undefined for what these identities do not open, and for what is no memory. */
  private async read(id: BlockId, wire: Uint8Array): Promise<Document | undefined> {
    const { checks, identities = [] } = this.parts;
    const checked = checkAny(wire, checks);
    if (checked.status === 'rejected' || checked.id !== id || checked.body === null) return undefined;
    const found = await openSealed(wire, { identities }, checks.registry);
    if (found.status === 'rejected' || found.kind !== embeddingKind.name || found.parsed === undefined)
      return undefined;
    const body = found.parsed as EmbeddingBody;
    if (body.input_reference.some(({ hash }, row) => !holds(hash, body.texts?.[row], checks))) return undefined;
    return {
      block: id,
      author: checked.entry.author as Did,
      timeMs: checked.timeMs,
      tags: found.body['tags'] as readonly string[],
      supersedes: checked.entry.refs.filter(({ rel }) => rel === 'supersedes').map(({ id: old }) => old),
      space: spaceIdOf(body.space),
      sealed: true,
      body,
    };
  }
}

/** Passages of a document that pass. */
export function rowsThatPass(document: Document, filter: Filter): number[] {
  const facts = factsOf(document);
  return testsOf(filter).reduce(
    (rows, test) => {
      if (test.test !== 'where') return rows;
      const passing = new Set(rowsPassing(facts, test.condition));
      return rows.filter((row) => passing.has(row));
    },
    Array.from({ length: document.body.embedding.rows }, (_, row) => row),
  );
}

/** A text is the one whose hash stands beside it. */
function holds(
  hash: Uint8Array | null,
  text: string | null | undefined,
  { sha256 }: Pick<ReaderParts['checks'], 'sha256'>,
): boolean {
  if (hash === null || text === null || text === undefined) return true;
  const own = sha256(new TextEncoder().encode(text));
  return own.length === hash.length && own.every((byte, i) => byte === hash[i]);
}

function factsOf({ body, author, timeMs, tags, space }: Document): Facts {
  const languages = body.input_reference.flatMap(({ language }) => language?.toLowerCase() ?? []);
  const facts = embeddingKind.facts!(body);
  const entry = {
    ...{ author, kind: embeddingKind.name, timeMs, tags, space, descriptor: body.space },
    ...{ links: [], refs: [], rows: body.embedding.rows, facts, languages },
  };
  return { timeMs, entry, texts: () => (body.texts ?? []).map((text) => text ?? undefined) };
}

/** `age1…`, of whom it is sealed for. @throws CosmicError request.malformed */
export async function sealedFor(
  readers: readonly string[],
  seal: (recipients: readonly string[]) => Promise<SealedBody>,
): Promise<SealedBody> {
  // What is no recipient may be an identity, which nobody should read in an error.
  const wrong = readers.findIndex((reader) => typeof reader !== 'string' || !/^age1[a-z0-9]{20,}$/.test(reader));
  if (wrong >= 0) throw new CosmicError('request.malformed', `for[${wrong}]: expected an age recipient (age1…)`);
  try {
    return await seal(readers);
  } catch (error) {
    if (error instanceof CosmicError) throw error;
    throw new CosmicError('request.malformed', `for: ${(error as Error).message}`);
  }
}
