import { spaceIdOf, type BlockId, type Embedder, type SpaceDescriptor } from '@cosmicembeddings/sdk';
import type { EmbeddedTexts } from './embedded-texts.js';

/** A question as far as it is known: its words, and its vectors in the spaces into which it has been put already. */
export interface Question {
  readonly text?: string;
  /** By space id. */
  readonly vectors: ReadonlyMap<string, Float32Array>;
  /** `always`: translated also where little of the relevance is expected to be kept. */
  readonly translate?: 'judged' | 'always';
}

/** The question in the asker's space, or why the asker leaves it alone. */
export type Asked = { readonly vector: Float32Array; readonly quality?: number } | { readonly abstains: string };

/** One way to put a question into a space. Of several ways into one space the best is taken that does not abstain. */
export interface Asker {
  readonly space: SpaceDescriptor;
  /** For people. */
  readonly name: string;
  readonly by: 'embedder' | 'translator';
  /** Share of the relevance that the space's own embedder finds, 0 to 1; an own embedder has 1. */
  readonly quality: number;
  /** The block that says how to translate. */
  readonly translator?: BlockId;
  /** Undefined where it can do nothing with what is known of the question. @throws as its embedder does */
  ask(question: Question, signal?: AbortSignal): Promise<Asked | undefined>;
}

/** The ways to ask these spaces, beside embedders; spaces that are not here need no way. */
export type WaysToAsk = (spaces: readonly string[]) => Promise<readonly Asker[]>;

export function embedderAsker(embedder: Embedder, texts: EmbeddedTexts): Asker {
  return {
    space: embedder.space,
    name: embedder.space.model,
    by: 'embedder',
    quality: 1,
    ask: async ({ text }, signal) =>
      text === undefined ? undefined : { vector: await texts.embed(embedder, text, signal) },
  };
}

/** How a question came into a space. */
export interface Way {
  readonly by: 'given' | 'embedder' | 'translator';
  readonly name?: string;
  readonly quality?: number;
  readonly translator?: BlockId;
}

/** Put into each of these spaces by the best of its askers that takes the question; those left out, with the reason. */
export async function askWays(
  askers: readonly Asker[],
  question: Question,
  signal?: AbortSignal,
): Promise<{
  readonly asked: readonly { readonly space: string; readonly vector: Float32Array; readonly way: Way }[];
  readonly left: readonly { readonly space: string; readonly why: string }[];
}> {
  const bySpace = new Map<string, Asker[]>();
  for (const one of askers) {
    const space = spaceIdOf(one.space);
    if (!question.vectors.has(space)) bySpace.set(space, [...(bySpace.get(space) ?? []), one]);
  }
  const asked: { space: string; vector: Float32Array; way: Way }[] = [];
  const left: { space: string; why: string }[] = [];
  await Promise.all(
    [...bySpace].map(async ([space, ways]) => {
      const reasons: string[] = [];
      for (const { by, name, quality, translator, ask } of [...ways].sort((a, b) => b.quality - a.quality)) {
        const answer = await ask(question, signal);
        if (answer === undefined) continue;
        if ('vector' in answer) {
          const way = {
            by,
            name,
            quality: answer.quality ?? quality,
            ...(translator === undefined ? {} : { translator }),
          };
          return void asked.push({ space, vector: answer.vector, way });
        }
        reasons.push(`${name}: ${answer.abstains}`);
      }
      if (reasons.length > 0) left.push({ space, why: reasons.join('; ') });
    }),
  );
  return { asked, left };
}
