import type { Network, Transport } from '@cosmicembeddings/sdk';
import { createItemSet, type Session, type Wish } from '@cosmicembeddings/sdk/sync';

/** What a stranger says it has, where it is asked to compare. */
const NOTHING = createItemSet();

/** One connection whose other side is played by hand, as a Byzantine peer does. */
export class Stranger {
  /** What the session made of what came, sends apart. */
  readonly heard: Wish[] = [];
  ended = false;
  /** Asks and does not listen. */
  isDeaf = false;

  private constructor(
    readonly session: Session,
    private readonly line: Transport,
    private readonly network: Network,
    private readonly now: () => number,
  ) {}

  static async dial(network: Network, address: string, session: Session, now: () => number): Promise<Stranger> {
    try {
      const stranger = new Stranger(session, await network.dial(address), network, now);
      void stranger.listen();
      await stranger.say(session.open(now()));
      return stranger;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** Sends what a call of the session wants sent. */
  async say(wishes: readonly Wish[]): Promise<void> {
    for (const wish of wishes)
      if (wish.type === 'send') await this.line.send(wish.frame).catch(() => undefined);
      else if (wish.type === 'items') await this.say(this.session.items(NOTHING, this.now()));
      else this.heard.push(wish);
  }

  async sayRaw(frame: Uint8Array): Promise<void> {
    await this.line.send(frame).catch(() => undefined);
  }

  /** Why the other side ended it. */
  get farewell(): string | undefined {
    const wish = this.heard.find((one) => one.type === 'close');
    return wish === undefined ? undefined : `${wish.code}: ${wish.detail}`;
  }

  count(type: Wish['type']): number {
    return this.heard.filter((wish) => wish.type === type).length;
  }

  async close(): Promise<void> {
    await this.line.close();
    await this.network.close();
  }

  private async listen(): Promise<void> {
    for await (const frame of this.line) {
      if (!this.isDeaf) await this.say(this.session.receive(frame, this.now()));
      this.onHeard?.();
    }
    this.ended = true;
  }

  onHeard: (() => void) | undefined;
}
