/**
 * Types that openapi-typescript makes of specs/openapi.json against those of our own client: where one could not stand for
 * the other this does not compile. Run by tools/ci/openapi.sh, which writes generated.d.ts.
 */
import type {
  Accepted,
  Code,
  EraseReason,
  Hit,
  NodeStatus,
  PeerStatus,
  SearchAnswer,
  Verdict,
} from '../../sdk/dist/index.js';
import type { BannedPeer, CheckAnswer, PluginInfo } from '../../sdk/dist/api/index.js';
import type { components, operations } from './generated.js';

type Schemas = components['schemas'];
/** The JSON of an answer with status 200. */
type Answer<K extends keyof operations> = operations[K]['responses'] extends {
  200: { content: { 'application/json': infer T } };
}
  ? T
  : never;

/** All the way down, a code any text (there may be new ones): may be absent is the same as may be undefined, and nothing can be written to. */
type Plain<T> = T extends Code
  ? string
  : T extends readonly (infer I)[]
    ? readonly Plain<I>[]
    : T extends object
      ? { readonly [K in keyof T]: Plain<T[K]> }
      : T;
/** Whoever reads one by the type of the other is never surprised. */
type Reads<Sent, Read> = [Sent] extends [never] ? false : Plain<Sent> extends Plain<Read> ? true : false;
const holds = <T extends true>(): T | undefined => undefined;

// What a node answers, read by our client.
holds<Reads<Answer<'post_v2_search'>, Omit<SearchAnswer, 'hits'>>>();
holds<Reads<Answer<'get_v2_status'>, NodeStatus>>();
holds<Reads<Answer<'get_v2_peers'>, { peers: PeerStatus[]; banned: BannedPeer[] }>>();
holds<Reads<Answer<'post_v2_blocks_find'>, { ids: readonly string[]; next?: string }>>();
holds<Reads<Answer<'post_v2_check'>['id'], CheckAnswer['id']>>();
holds<Reads<Answer<'get_v2_blocks_id_verdicts'>, { verdicts: readonly Verdict[] }>>();
holds<Reads<Answer<'get_v2_plugins'>['plugins'][number]['name'], PluginInfo['name']>>();
holds<Reads<Schemas['Accepted'], Accepted>>();
holds<Reads<Schemas['EraseReason'], EraseReason>>();

// What our types say, read by a generated client.
holds<Reads<NodeStatus, Schemas['NodeStatus']>>();
holds<Reads<PeerStatus, Schemas['PeerStatus']>>();
holds<Reads<Accepted, Schemas['Accepted']>>();
holds<Reads<Omit<Hit, 'excerpt' | 'explain'>, Omit<Schemas['Hit'], 'excerpt' | 'explain'>>>();
holds<Reads<Verdict, Schemas['Verdict']>>();
// @ts-expect-error A check that nothing fails would say nothing.
holds<Reads<NodeStatus, Schemas['PeerStatus']>>();
