import { compareBytes, equalBytes, toHex } from '../bytes.js';
import type { KeyedEntry, KeyedStore } from '../views/index.js';
import { pick, randomOf, type Random } from './mutate.js';
import type { SuiteRunner } from './index-suite.js';

export interface KeyedSubject {
  readonly name: string;
  /** An empty store; `close` lets go of it. */
  open(): { readonly store: KeyedStore; close(): void };
}

/** What every keyed store must do: be an ordered map, compared with one that is sorted anew each time. */
export function keyedSuite({ describe, test }: SuiteRunner, subject: KeyedSubject): void {
  const each = (rounds: number, body: (store: KeyedStore, random: Random) => void) => (): Promise<void> => {
    for (let seed = 1; seed <= rounds; seed++) {
      const { store, close } = subject.open();
      try {
        body(store, randomOf(seed));
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      } finally {
        close();
      }
    }
    return Promise.resolve();
  };
  describe(`keyed store: ${subject.name}`, () => {
    test(
      'is an ordered map from bytes to bytes',
      each(20, (store, random) => {
        const model = new Map<string, KeyedEntry>();
        for (let step = 0; step < 600; step++) {
          change(store, model, random);
          if (step % 25 === 0) compare(store, model, random);
        }
        compare(store, model, random);
      }),
    );

    test(
      'a transaction that throws leaves nothing behind',
      each(20, (store, random) => {
        const model = new Map<string, KeyedEntry>();
        for (let i = 0; i < 100; i++) change(store, model, random);
        const before = new Map(model);
        let thrown: unknown;
        try {
          store.transaction(() => {
            for (let i = 0; i < 100; i++) change(store, model, random);
            throw new Error('on purpose');
          });
        } catch (error) {
          thrown = error;
        }
        if ((thrown as Error | undefined)?.message !== 'on purpose') throw new Error('the error did not come out');
        compare(store, before, random);
        store.transaction(() => change(store, before, random));
        compare(store, before, random);
      }),
    );

    test(
      'keeps what it was given, whatever becomes of the buffers',
      each(1, (store) => {
        const [key, value] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
        store.set(key, value);
        key[0] = 9;
        value[0] = 9;
        if (store.get(Uint8Array.of(1, 2))?.[0] !== 3) throw new Error('it shares its buffers with the caller');
        store.set(Uint8Array.of(5), new Uint8Array(0));
        if (store.get(Uint8Array.of(5))?.length !== 0) throw new Error('an empty value is a value');
      }),
    );
  });
}

function bytesOf(random: Random, max: number): Uint8Array {
  return Uint8Array.from({ length: random(max + 1) }, () => pick(random, [0, 1, 2, 127, 128, 254, 255]));
}

function change(store: KeyedStore, model: Map<string, KeyedEntry>, random: Random): void {
  const key = bytesOf(random, 4);
  if (random(3) === 0) {
    store.delete(key);
    model.delete(toHex(key));
    return;
  }
  const value = bytesOf(random, 20);
  store.set(key, value);
  model.set(toHex(key), [key, value]);
}

function compare(store: KeyedStore, model: ReadonlyMap<string, KeyedEntry>, random: Random): void {
  const sorted = [...model.values()].sort(([a], [b]) => compareBytes(a, b));
  for (let i = 0; i < 10; i++) {
    const [from, to] = [bytesOf(random, 3), random(3) === 0 ? undefined : bytesOf(random, 3)];
    const limit = pick(random, [1, 3, 1000]);
    const reverse = random(2) === 0;
    const inside = sorted.filter(
      ([key]) => compareBytes(key, from) >= 0 && (to === undefined || compareBytes(key, to) < 0),
    );
    const expected = (reverse ? inside.reverse() : inside).slice(0, limit);
    const got = store.range(from, to, limit, reverse);
    const isSame =
      got.length === expected.length &&
      got.every(([key, value], j) => equalBytes(key, expected[j]![0]) && equalBytes(value, expected[j]![1]));
    if (!isSame)
      throw new Error(`range ${toHex(from)}…${to === undefined ? '' : toHex(to)}: ${got.length} of ${expected.length}`);
  }
  for (const [key, value] of sorted.slice(0, 50)) {
    const got = store.get(key);
    if (got === undefined || !equalBytes(got, value)) throw new Error(`get ${toHex(key)}`);
  }
}
