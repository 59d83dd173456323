import { compareBytes, concatBytes, utf8 } from '../bytes.js';
import { sha256 } from '../crypto/hash.js';
import type { Code } from '../errors.js';
import { CLAIMING_VERSION, encodeFrame, PROTOCOL_VERSION, type Frame, type Hello, type PeerLimits } from './frames.js';
import { faultOf, prove, statementOf, TLS_EXPORTER, type Prover, type Role } from './proof.js';

export interface HandshakeOptions {
  readonly network: string;
  /** This node's own did:key. */
  readonly node: string;
  /** Proves this node's identity; without it version 1 is spoken, and `node` is a claim. */
  readonly prover?: Prover;
}

/** What follows from what the other side has said. */
export type Greeting =
  | { readonly type: 'fault'; readonly code: Code; readonly detail: string }
  /** Our proof, to be sent; theirs is awaited. */
  | { readonly type: 'prove'; readonly frame: Frame }
  /** Goes on with who the other side is, proven or as it says. */
  | { readonly type: 'welcome'; readonly hello: Hello; readonly proven: boolean };

/** Who is there (specs/peer.md, *Proof of identity*): two hellos, two proofs, no effects but the prover's signature. */
export class Handshake {
  private remote: Hello | undefined;
  /** Both hellos as they travelled: what is signed. */
  private ownHello = new Uint8Array(0);
  private theirHello = new Uint8Array(0);
  /** Whom this side's signature may be for; false where the address dialled is none of its own. */
  private bound = true;

  constructor(private readonly options: HandshakeOptions) {}

  /** The other side's hello, once it has come. */
  get hello(): Hello | undefined {
    return this.remote;
  }

  /** This side's hello as it is sent. */
  open(limits: PeerLimits, features: Partial<Hello>, nowMs: number): Uint8Array {
    const { network, node, prover } = this.options;
    const hello: Hello = { type: 'hello', version: CLAIMING_VERSION, network, node, limits };
    const proving: Hello | undefined = prover && {
      ...hello,
      ...features,
      version: PROTOCOL_VERSION,
      nonce: prover.nonce,
      time: Math.max(0, Math.floor(nowMs)),
      ...(prover.url === undefined ? {} : { url: prover.url }),
      ...(prover.expects === undefined ? {} : { expects: prover.expects }),
      ...(prover.role === 'dialler' && prover.channel !== undefined ? { channel: TLS_EXPORTER } : {}),
    };
    const frame = encodeFrame(proving ?? hello);
    this.ownHello = frame.slice();
    return frame;
  }

  /** The other side's first frame, and its bytes as they came. */
  greet(frame: Frame, wire: Uint8Array): Greeting {
    if (frame.type !== 'hello') return fault('peer.protocol', 'hello must come first');
    this.theirHello = wire.slice();
    const { network, node, prover } = this.options;
    if (frame.version !== PROTOCOL_VERSION && frame.version !== CLAIMING_VERSION)
      return fault('peer.wrong_version', `${frame.version} there, ${CLAIMING_VERSION} and ${PROTOCOL_VERSION} here`);
    if (frame.network !== network) return fault('peer.wrong_network', `"${frame.network}" there, "${network}" here`);
    this.remote = frame;
    if (prover === undefined || frame.version === CLAIMING_VERSION)
      return prover?.networkKey === undefined
        ? this.settleFor('it speaks version 1')
        : fault('peer.unproven', 'the shared key of this network is not held there');
    if (frame.nonce === undefined) return fault('peer.protocol', 'a hello of version 2 without a nonce');
    if (compareBytes(frame.nonce, prover.nonce) === 0 || prover.isOwnNonce?.(frame.nonce) === true)
      return fault('peer.protocol', 'this is the node itself');
    if (prover.expects !== undefined && frame.node !== prover.expects)
      return fault('peer.unproven', `${prover.expects} was expected, ${frame.node} answers`);
    if (prover.role === 'listener') {
      if (frame.channel !== undefined && (frame.channel !== TLS_EXPORTER || prover.channel === undefined))
        return fault('peer.unproven', `nothing here is known by ${frame.channel}`);
      if (frame.expects !== undefined && frame.expects !== node)
        return fault('peer.unproven', `${frame.expects} was expected, this is ${node}`);
      // What was signed for an address of somebody else may have been passed on by them.
      this.bound = frame.expects === node || (frame.url !== undefined && prover.isOwnAddress?.(frame.url) === true);
    }
    return { type: 'prove', frame: { type: 'prove', ...prove(this.statement(prover.role), prover, this.bound) } };
  }

  /** The frame after the other side's hello. */
  believe(frame: Frame): Greeting {
    if (frame.type !== 'prove') return fault('peer.protocol', 'a proof must follow the hello');
    const { node } = this.options;
    const prover = this.options.prover!;
    const remote = this.remote!;
    const theirRole = prover.role === 'dialler' ? 'listener' : 'dialler';
    const why = faultOf(frame, this.statement(theirRole), remote.node, prover);
    if (why !== undefined) return fault('peer.unproven', why);
    if (!this.bound || frame.signature.length === 0)
      return this.settleFor(
        prover.role === 'listener' ? `dialled as ${remote.url ?? 'nobody'}` : 'that address is none of its own',
      );
    if (remote.node === node) return fault('peer.same_identity', node);
    return { type: 'welcome', hello: remote, proven: true };
  }

  /** Goes on without a proof, where that may be. */
  private settleFor(why: string): Greeting {
    const { prover, node } = this.options;
    if (prover?.required === true || prover?.expects !== undefined) return fault('peer.unproven', why);
    if (this.remote!.node === node) return fault('peer.protocol', 'this is the node itself, or says so');
    return { type: 'welcome', hello: this.remote!, proven: false };
  }

  /** Known to nobody before both hellos were said. */
  sessionKey(): Uint8Array {
    const prover = this.options.prover!;
    const [one, other] =
      prover.role === 'dialler' ? [prover.nonce, this.remote!.nonce!] : [this.remote!.nonce!, prover.nonce];
    return sha256(concatBytes(utf8('cosmicembeddings/equal/1'), one, other));
  }

  private statement(signer: Role): Uint8Array {
    const { role, channel } = this.options.prover!;
    const [dialler, listener] =
      role === 'dialler' ? [this.ownHello, this.theirHello] : [this.theirHello, this.ownHello];
    const isBound = role === 'dialler' || this.remote?.channel !== undefined;
    return statementOf(signer, dialler, listener, isBound ? channel : undefined);
  }
}

function fault(code: Code, detail: string): Greeting {
  return { type: 'fault', code, detail };
}
