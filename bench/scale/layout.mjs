/** Names, sizes and fixed choices that all processes of this bench share. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchSpace } from '../accept/blocks.mjs';

/** Rows of a chunk: the unit of making, of acknowledgement windows and of growth. */
export const CHUNK = 10_000;
/** Questions with an exact answer. */
export const QUESTIONS = 200;
/** Claimed time of row 0; row i is i seconds later, so that a hit's time tells its row. */
export const START_MS = Date.UTC(2025, 0, 1);
export const WIDE = 64;
/** Searches are measured for so long. */
export const LIMIT_SECONDS = 6;

/** Dimensions of made-up rows; `run.mjs` sets it for all processes. */
export const DIMS = Number(process.env.BENCH_DIMS ?? 384);
/** Rows and questions are dealt over so many spaces. */
const SPACES = Number(process.env.BENCH_SPACES ?? 1);
const spaces = Array.from({ length: SPACES }, (_, i) => ({
  ...benchSpace,
  ...(i > 0 && { model: `${benchSpace.model}-${i}` }),
  dims: DIMS,
}));
/** The space of a row, or of a question, by its number. */
export const spaceAt = (i) => spaces[i % SPACES];
export const isNeighbour = (row, question) => row % SPACES === question % SPACES;

/** One row of a hundred carries the tag `rare`. */
export const isRare = (row) => row % 100 === 0;
export const rowOfTime = (timeMs) => (timeMs - START_MS) / 1000;

const KINDS = { vectors: 'f32', truth: 'json' };

export const folderOf = (data, seed) => join(tmpdir(), `cosmic-scale-${data}-${seed}-${DIMS}-${SPACES}`);
export const chunkFile = (folder, what, chunk) =>
  join(folder, `${what}-${String(chunk).padStart(5, '0')}.${KINDS[what] ?? 'cborseq'}`);
