import { decodeBody, type FoldInput, type Registry, type StoredBlock } from '@cosmicembeddings/sdk';

/**
 * A stored block as views see it, or undefined for an inert one. The body is decoded when a fold first looks at it.
 */
export function inputOf(stored: StoredBlock, registry: Registry): FoldInput | undefined {
  const { entry } = stored;
  if (stored.format === 'python/1') return versionOne(stored);
  const kind = registry.kind(entry.kind);
  if (kind === undefined) return undefined;
  let parsed: { readonly body: unknown } | undefined;
  const bodyOf = (): unknown => {
    if (parsed === undefined) {
      const decoded = stored.body === null ? undefined : decodeBody(stored.body);
      const result = decoded?.status === 'ok' ? kind.parse(decoded.body) : undefined;
      parsed = { body: result?.ok === true ? result.body : undefined };
    }
    return parsed.body;
  };
  // A kind that was unknown when the block came may be known now; any other fault stays one.
  if (entry.inert !== undefined && (entry.inert.code !== 'kind.unknown' || bodyOf() === undefined)) return undefined;
  return {
    block: {
      id: stored.id,
      author: entry.author,
      kind: entry.kind,
      timeMs: stored.timeMs,
      refs: entry.refs,
      links: entry.links,
      tags: entry.tags,
      ...(entry.prev === undefined ? {} : { prev: entry.prev }),
      get body() {
        return bodyOf();
      },
    },
    firstSeenMs: stored.firstSeenMs,
    receipts: [],
  };
}

/** Version 1 has no kinds with views of their own: folds over `*` see author, tags and links. */
function versionOne({ id, timeMs, firstSeenMs, entry }: StoredBlock): FoldInput {
  const { author, kind, refs, links, tags } = entry;
  return { block: { id, author, kind, timeMs, refs, links, tags, body: undefined }, firstSeenMs, receipts: [] };
}
