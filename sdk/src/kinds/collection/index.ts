import { isMap, type Value, type ValueMap } from '../../codec/value.js';
import { limits } from '../../limits.js';
import { decodeMetadata } from '../../metadata/index.js';
import { checker, struct, text } from '../../schema/index.js';
import { descriptorFault, descriptorSchema, type SpaceDescriptor } from '../../space/index.js';
import { nameText, ownFields } from '../embedding.js';
import type { Kind } from '../kind.js';
import type { Plugin } from '../plugin.js';

/** Body of `collection/1` (specs/kinds/collection.md): an author says in which space the vectors of a collection are. */
export interface CollectionBody {
  /** As its documents name it. */
  readonly collection: string;
  readonly space: SpaceDescriptor;
  /** For people. */
  readonly title?: string;
  /** What the author says about the set, as of a row (`decodeMetadata`). */
  readonly metadata?: ValueMap;
}

const schema = struct(
  { collection: nameText(limits.collectionMaxBytes), space: descriptorSchema },
  {
    optional: {
      title: text(limits.headingMaxBytes, { minBytes: 1 }),
      metadata: checker(metadataFault, { type: 'object' }),
    },
  },
);

function metadataFault(value: Value | undefined, path: string): string | undefined {
  if (isMap(value) && Object.keys(value).length === 0) return `${path}: an empty map is left out`;
  const decoded = decodeMetadata(value, path);
  return typeof decoded === 'string' ? decoded : undefined;
}

export const collectionKind: Kind<CollectionBody> = {
  name: 'collection/1',
  describe: 'Says in which space the vectors of a collection of documents are.',
  maxBytes: 64 * 1024,
  schema: schema.json,
  parse(_header, body: ValueMap) {
    const own = ownFields(body);
    const ofSpace = own['space'] === undefined ? undefined : descriptorFault(own['space']);
    if (ofSpace !== undefined) return { ok: false, code: 'space.malformed', detail: ofSpace };
    const fault = schema(own, 'body');
    return fault === undefined
      ? { ok: true, body: own as unknown as CollectionBody }
      : { ok: false, code: 'kind.malformed', detail: fault };
  },
  facts: ({ collection, metadata }) => {
    const decoded = metadata === undefined ? undefined : decodeMetadata(metadata);
    const said = decoded === undefined || typeof decoded === 'string' ? {} : decoded;
    return [
      { row: -1, key: '#collection', value: collection },
      ...Object.entries(said).map(([key, value]) => ({ row: -1, key, value })),
    ];
  },
};

export const collectionPlugin: Plugin = { name: 'collections', kinds: [collectionKind as Kind], views: [] };
