/**
 * The one table of stable codes. `specs/errors.md` repeats it for readers; a test proves that they are equal.
 * `fault`: whose doing it is · `retry`: whether the same request can succeed later · `http`: status of an HTTP answer.
 */
export interface ErrorRow {
  readonly meaning: string;
  readonly advice: string;
  readonly fault: 'author' | 'sender' | 'reader' | 'operator' | 'node';
  readonly retry: boolean;
  readonly http: number;
}

const author = (meaning: string, advice: string, http = 400): ErrorRow => ({
  meaning,
  advice,
  fault: 'author',
  retry: false,
  http,
});
const reader = (meaning: string, advice: string, http = 400): ErrorRow => ({
  meaning,
  advice,
  fault: 'reader',
  retry: false,
  http,
});
const node = (meaning: string, advice: string, http = 500, retry = true): ErrorRow => ({
  meaning,
  advice,
  fault: 'node',
  retry,
  http,
});
const operator = (meaning: string, advice: string, http = 403): ErrorRow => ({
  meaning,
  advice,
  fault: 'operator',
  retry: false,
  http,
});

export const codes = {
  'block.malformed': author(
    'The bytes are not a block: framing or CBOR is wrong.',
    'Send the bytes exactly as they were signed.',
  ),
  'block.too_large': author('Header or body is over its limit.', 'Split the content over several blocks.', 413),
  'block.bad_envelope': author(
    'The COSE_Sign1 envelope is not in its one allowed form.',
    'Use tag 18, protected {1: -19}, empty unprotected map, 64-byte signature.',
  ),
  'block.bad_header': author(
    'The header lacks a field, has an unknown one, or one of the wrong form.',
    'Compare with specs/block.md.',
  ),
  'block.bad_body': author(
    'A common field of the body (salt, tags, linked_blocks) is missing or malformed.',
    'Compare with specs/block.md.',
  ),
  'block.bad_signature': author(
    'The Ed25519 signature does not fit header, author and network.',
    'Fetch the block again from its author; do not change signed bytes.',
  ),
  'block.body_mismatch': author(
    'The body is not the one that the header names by hash.',
    'Send header and body that belong together.',
  ),
  'block.unsigned': author('The block carries no signature.', 'Sign it: cosmic create --sign, or BlockBuilder.sign().'),
  'block.unknown_version': author('The block has a version this software does not know.', 'Update this software.'),
  'block.in_future': {
    meaning: 'The timestamp is ahead of this node’s clock; nothing was kept.',
    advice: 'Send it again at the time given in retryAtMs; check the clocks.',
    fault: 'author',
    retry: true,
    http: 425,
  },
  'identity.malformed': author('created_by is no did:key of an Ed25519 public key.', 'Use did:key:z6Mk….'),
  'kind.unknown': author(
    'This kind of block is not known here.',
    'Switch on the plug-in that defines it, or check the spelling.',
  ),
  'kind.malformed': author(
    'The body does not fit the schema of its kind.',
    'Compare with the kind’s page in specs/kinds.',
  ),
  'vector.malformed': author(
    'The vectors’ bytes do not have the length that dtype, rows and dims demand.',
    'Check dtype, rows and the space’s dims.',
  ),
  'vector.not_finite': author('A vector holds NaN or an infinity.', 'Embed the text again.'),
  'vector.zero': author('A vector is all zeros.', 'Leave out texts that have no embedding.'),
  'vector.not_unit': author('The space promises unit vectors and a row is not one.', 'Divide each row by its length.'),
  'space.malformed': author(
    'A space descriptor lacks a field or has one of the wrong form.',
    'Compare with specs/space.md.',
  ),
  'space.unknown': reader('No block here is in that space.', 'List the spaces with cosmic spaces.', 404),
  'space.mismatch': reader(
    'Two spaces differ, so their vectors cannot be compared.',
    'Use one embedder for both; the detail names the differing field.',
  ),
  'space.dims_mismatch': reader(
    'A vector has another number of dimensions than its space.',
    'Embed with the model that the space names.',
  ),
  'space.canary_failed': {
    meaning: 'The embedder does not reproduce the vectors that its space is known by.',
    advice: 'Check prefix, pooling, token limit and precision; or publish under a space of its own.',
    fault: 'operator',
    retry: false,
    http: 409,
  },
  'sky.malformed': author('cosmic_signature is not a well-formed sky/1 stamp.', 'Compare with specs/sky.md.'),
  'sky.mismatch': author(
    'The stamped sky is not the sky of that time and place.',
    'Stamp again with the right time and place; the detail names the body.',
  ),
  'sky.time_out_of_span': author('The time lies outside 1950–2100.', 'Use a time in the supported span.'),
  'sky.place_invalid': author(
    'observer_location is malformed or out of range.',
    'Latitude ±90°, longitude ±180°, in whole microdegrees.',
  ),
  'sealed.locked': reader(
    'None of the keys at hand opens the sealed body.',
    'Give the identity or passphrase that it was sealed to.',
  ),
  'sealed.malformed': author('The sealed plaintext is not of its form.', 'Compare with specs/kinds/sealed.md.'),
  'sealed.mismatch': author(
    'The body was sealed under another name or as another kind; somebody re-published it.',
    'Look for the block of the author that the detail names.',
  ),
  'policy.refused': operator(
    'This operator’s admission rules refuse the block.',
    'The detail names the rule; publish elsewhere or ask the operator.',
  ),
  'policy.not_covered': operator(
    'The block is not among what this node keeps of what peers bring (its subscriptions).',
    'Another node keeps it; the status names what each does.',
  ),
  'policy.over_quota': {
    meaning: 'Whoever sent or signed the block has used up a budget of this node.',
    advice: 'Send it again at the time given in retryAtMs; the detail names the rule and its limit.',
    fault: 'operator',
    retry: true,
    http: 429,
  },
  'policy.erased': operator('The block was erased or is withheld here.', 'Ask another node.', 410),
  'block.not_found': reader('No block with that id is here.', 'Check the id; another node may have it.', 404),
  'block.not_yours': reader(
    'Another identity signed the block: what this key says of it has no effect.',
    'Choose the key that signed it with --key.',
    403,
  ),
  'block.ambiguous': reader('Several blocks call themselves by that name.', 'Ask for one of the ids listed.', 409),
  'request.malformed': reader('The request is not of the form that this route takes.', 'The detail names the field.'),
  'request.too_large': reader('The request’s body is over the limit.', 'Send fewer or smaller blocks at a time.', 413),
  'request.not_found': reader('There is no such route.', 'See /openapi.json for the routes.', 404),
  'request.unsupported_type': reader(
    'This route does not take that content type.',
    'The detail names those that it takes.',
    415,
  ),
  'request.wrong_host': reader(
    'The name under which the node was asked is not its own.',
    'Ask by address, or configure the name: hosts.',
    421,
  ),
  'request.wrong_origin': reader(
    'A web page of another origin asked.',
    'The operator decides which pages may use the node: cors.',
    403,
  ),
  'request.unauthorised': reader(
    'This route needs a key.',
    'Send Authorization: Bearer with the token of the data folder, or an API key with the scope that the detail names.',
    401,
  ),
  'memory.duplicate_id': reader(
    'Two documents of one call have the same id.',
    'Give each its own id; nothing was sent.',
  ),
  'memory.empty_filter': reader(
    'Nothing says what should be forgotten.',
    'Give ids or a where with a condition; { all: true } is everything of yours in the collection.',
  ),
  'memory.id_in_use': reader(
    'Something else stands under that id already.',
    'Ask for it to be replaced, or take another id.',
    409,
  ),
  'watch.no_threshold': reader(
    'Nothing says how near is near enough.',
    'Give minScore, a cosine: too few rows are here to know what is near by chance.',
    400,
  ),
  'mcp.consent_needed': reader(
    'Publishing here is public, and the user has not agreed to it.',
    'Ask the user; then start cosmic mcp with --publish, or use a client that can ask (elicitation).',
    403,
  ),
  'memory.partial': reader(
    'Some of the documents could not be remembered.',
    'Look at results: each refused one says why; the others are stored. The same call again repeats nothing.',
  ),
  'request.too_many': {
    meaning: 'More requests than this source or key may send.',
    advice: 'Wait for the time in Retry-After.',
    fault: 'reader',
    retry: true,
    http: 429,
  },
  'filter.malformed': reader(
    'The filter has a wrong form or is over a bound.',
    'The detail names the place; compare with specs/kinds/metadata.md.',
  ),
  'filter.unsupported': reader(
    'The filter uses an operator or a name that does not exist here.',
    'Use the operators of specs/kinds/metadata.md.',
  ),
  'search.bad_query': reader('The search has no usable query.', 'Give text, a vector with its space, or a block id.'),
  'search.no_embedder': reader(
    'No embedder for that space is configured here.',
    'Send a vector, or configure an embedder.',
  ),
  'view.building': node(
    'The view is being built; where it had no earlier state, it cannot answer yet.',
    'Ask again later; the detail says how far it is.',
    503,
  ),
  'view.too_costly': reader('The question would read more rows than one may.', 'Ask for less: a page, one key.', 400),
  'view.busy': node('The question was not done in time.', 'Ask again.', 503),
  'view.local': reader(
    'The answer depends on when this node saw something, which is not part of any scope.',
    'Ask without at.',
    400,
  ),
  'view.failed': node(
    'The view threw or did not come to an end; it stands still, for an hour where it did not end four times; everything else goes on.',
    'Tell the plug-in’s author; a new version of the view begins anew.',
    500,
    false,
  ),
  'embedder.unavailable': {
    meaning: 'The embedder could not be reached or loaded.',
    advice: 'The detail says what to install, start or set.',
    fault: 'operator',
    retry: true,
    http: 503,
  },
  'embedder.bad_answer': {
    meaning: 'The embedder answered something that is no embedding of its space.',
    advice: 'Check model and endpoint.',
    fault: 'operator',
    retry: false,
    http: 502,
  },
  'attest.own': author(
    'The block is your own: an attestation is the word of another.',
    'Ask somebody else, or attest blocks of others.',
  ),
  'attest.no_input': author(
    'The block carries no text from which its vectors could be computed anew.',
    'Attest blocks whose authors published the texts.',
  ),
  'translator.too_few': author(
    'Too few texts are known in both spaces to fit a translator.',
    'Publish or embed more of the same texts in both, or hand in pairs with --pairs.',
    400,
  ),
  'embedder.unset': operator('No embedder is configured.', 'Run cosmic init, or pass --embedder.', 400),
  'node.busy': node(
    'The node’s queues are full; nothing was kept.',
    'Wait for the time in Retry-After and send again.',
    503,
  ),
  'node.storage_full': node('The disk is full; the block was not kept.', 'The operator has to free space.', 507),
  'node.stopping': node('The node is stopping.', 'Send again to the restarted node.', 503),
  'node.internal': node('The node failed; this is a defect.', 'Report it with the request id.', 500, false),
  'node.unreachable': node(
    'No node answers at that address.',
    'Start one with cosmic node start, or check --node.',
    503,
  ),
  'store.locked': operator(
    'Another process owns this data folder.',
    'Stop that process first; the detail names it.',
    409,
  ),
  'store.foreign': operator(
    'The data folder belongs to another node or network.',
    'Choose another --data folder.',
    409,
  ),
  'store.too_new': operator('The data folder was written by a newer version.', 'Update this software.', 409),
  'store.corrupt': node('Stored data is damaged.', 'Run cosmic fsck; restore a backup if it says so.', 500, false),
  'backup.unreachable': node(
    'Where backups are kept cannot be read or written.',
    'The detail says why; check address, credentials and network, then try again.',
    502,
    true,
  ),
  'backup.damaged': operator(
    'A backup is not what was written.',
    'Restore an earlier one: cosmic backup list shows them.',
    422,
  ),
  'backup.sealed': operator(
    'A backup is sealed, and no identity opens it.',
    'Give the file with the age identity: --identity FILE.',
    403,
  ),
  'peer.protocol': {
    meaning: 'A peer broke the protocol.',
    advice: 'See specs/peer.md.',
    fault: 'sender',
    retry: false,
    http: 400,
  },
  'peer.wrong_network': {
    meaning: 'The peer belongs to another network.',
    advice: 'Configure the same network on both.',
    fault: 'operator',
    retry: false,
    http: 409,
  },
  'peer.wrong_version': {
    meaning: 'The peer speaks a version of the protocol that is not spoken here.',
    advice: 'Update whichever is older.',
    fault: 'operator',
    retry: false,
    http: 409,
  },
  'peer.unproven': {
    meaning: 'The peer did not prove that it is who it says or who was expected.',
    advice: 'Check the address, the identity expected there and the network’s shared key.',
    fault: 'sender',
    retry: false,
    http: 403,
  },
  'peer.same_identity': {
    meaning: 'Another node runs with this node’s own key.',
    advice:
      'One of the two runs on a copied data folder: stop it, and make copies with cosmic node backup and restore.',
    fault: 'operator',
    retry: false,
    http: 409,
  },
  'peer.refused': operator(
    'This node does not speak with that peer: it is banned, denied or not on the list.',
    'The detail says which, and until when.',
  ),
  'config.malformed': operator('A setting is missing or malformed.', 'The detail names the setting.', 400),
  'config.port_in_use': operator('Another program listens on that port.', 'Choose another --port, or stop it.', 409),
  'key.malformed': reader(
    'The key file is not a key of ours, or the passphrase is wrong.',
    'Make one with cosmic key new.',
  ),
  'key.locked': reader('The key file is locked, and no passphrase that opens it was given.', 'Give its passphrase.'),
  'key.required': reader('This platform keeps no keys.', 'Give a signer, or "ephemeral" for a key of this run alone.'),
  'key.not_found': reader(
    'There is no key of that name.',
    'List them with cosmic key list; make one with cosmic key new.',
    404,
  ),
  'key.exists': reader('There is a key of that name already.', 'Choose another name; keys are never replaced.', 409),
  'archive.malformed': reader(
    'The file is no archive of blocks, or is damaged.',
    'Export it again with cosmic export --format car.',
  ),
  'input.not_found': reader('A file or folder does not exist.', 'Check the path.', 404),
  'input.empty': reader('There is no text in it.', 'Give a text file with words.'),
  'input.binary': reader('The file is no text.', 'Convert it to text in UTF-8 first.'),
  'input.unsupported': reader('The file is of a format that is not read yet.', 'Save it as text or Markdown.', 415),
  'input.malformed': reader(
    'The file is not what it says it is, or cannot be opened.',
    'The detail says why; save it anew.',
    422,
  ),
  'input.too_large': reader('The file is over the limit.', 'Split it.', 413),
} as const satisfies Record<string, ErrorRow>;

export type Code = keyof typeof codes;

/** An expected refusal, as a value. `detail` says what exactly and never repeats the code's meaning. */
export interface Rejected {
  readonly status: 'rejected';
  readonly code: Code;
  readonly detail: string;
  /** So near to the limit that an honest sender may be off by it: costs a peer nothing. */
  readonly marginal?: true;
}

export function rejected(code: Code, detail: string): Rejected {
  return { status: 'rejected', code, detail };
}

/** A plug-in may bring a copy of this SDK along: an error is one of these whichever of them threw it. */
const IS_COSMIC_ERROR = Symbol.for('cosmicembeddings.error');

/** A failure that is thrown: for callers who cannot go on, always with a code of the table. */
export class CosmicError extends Error {
  static override [Symbol.hasInstance](this: unknown, value: unknown): boolean {
    if (this !== CosmicError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return (value as { readonly [IS_COSMIC_ERROR]?: true } | null | undefined)?.[IS_COSMIC_ERROR] === true;
  }
  override readonly name = 'CosmicError';
  get [IS_COSMIC_ERROR](): true {
    return true;
  }
  constructor(
    readonly code: Code,
    readonly detail: string,
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${detail || codes[code].meaning}`, options);
    // A newer node may know codes that are not in this table.
    this.advice = (codes as Partial<Readonly<Record<string, ErrorRow>>>)[code]?.advice ?? '';
  }
  /** What to do about it. */
  readonly advice: string;
  /** Whose it is to mend: the author's, the reader's, the operator's, the node's. */
  get fault(): ErrorRow['fault'] {
    return codes[this.code].fault;
  }
  /** Can the same succeed later? */
  get retry(): boolean {
    return codes[this.code].retry;
  }
}

/** RFC 9457 problem object, as every HTTP route of a node answers failures. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: Code;
  readonly detail: string;
  readonly advice: string;
  readonly retry: boolean;
}

export function problemOf(code: Code, detail: string): Problem {
  const row: ErrorRow = codes[code];
  return {
    type: `urn:cosmicembeddings:error:${code}`,
    title: row.meaning,
    status: row.http,
    code,
    detail,
    advice: row.advice,
    retry: row.retry,
  };
}
