// Runs the sky in QuickJS, an engine that shares no code with V8 and has its own sine and cosine, over specs/vectors/sky-*.json.
// Usage: node tools/second-engine/sky-run.mjs   (after a build)
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { build } from 'esbuild';

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** The compiled SDK's sky as one script that leaves `sky` behind. */
async function bundle() {
  const source = `import { createSky, skyChart } from ${JSON.stringify(path('sdk/dist/sky/index.js'))}; globalThis.sky = { ...createSky(), skyChart };`;
  const result = await build({
    stdin: { contents: source, resolveDir: path('.') },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2020',
    logLevel: 'error',
  });
  return result.outputFiles[0].text;
}

/** QuickJS has no TextEncoder; hosts have, and our texts here are ASCII. */
const host =
  'globalThis.TextEncoder = class { encode(text) { return Uint8Array.from(text, (sign) => sign.charCodeAt(0)); } };';

/** Evaluates one expression in a fresh QuickJS and returns its JSON value. */
async function session() {
  const module = await newQuickJSWASMModuleFromVariant(variant);
  const context = module.newContext();
  const evaluate = (code) => {
    const handle = context.unwrapResult(context.evalCode(code));
    const value = context.dump(handle);
    handle.dispose();
    return value;
  };
  evaluate(host);
  evaluate(await bundle());
  return {
    call: (expression) => JSON.parse(evaluate(`JSON.stringify(${expression})`)),
    close: () => context.dispose(),
  };
}

/** Integers that differ, by how much at most, and texts that differ, between two values of one shape. */
export function compare(a, b, found = { integers: 0, differing: 0, worst: 0, texts: [] }) {
  if (typeof a === 'number') {
    found.integers++;
    if (a !== b) found.differing++;
    found.worst = Math.max(found.worst, Math.abs(a - b));
  } else if (typeof a === 'object' && a !== null)
    for (const key of new Set([...Object.keys(a), ...Object.keys(b ?? {})])) compare(a[key], b?.[key], found);
  else if (a !== b) found.texts.push(`${a} / ${b}`);
  return found;
}

/** What QuickJS makes of the vectors: differing integers of the observations, and wrong verdicts. */
export async function runSkyInQuickJs() {
  const read = (name) => JSON.parse(readFileSync(path(`specs/vectors/${name}`), 'utf8')).cases;
  const engine = await session();
  const found = { integers: 0, differing: 0, worst: 0, texts: [] };
  for (const { at, observation } of read('sky-observations.json'))
    compare(observation, engine.call(`sky.observe(${JSON.stringify(at)})`), found);
  const wrong = [];
  const stamps = read('sky-stamps.json');
  for (const { name, at, stamp, expected } of stamps) {
    const verdict = engine.call(`sky.check(${JSON.stringify(stamp)}, ${JSON.stringify(at)})`);
    const same =
      verdict.ok === expected.ok &&
      (verdict.ok || (verdict.code === expected.code && verdict.marginal === expected.marginal));
    if (!same) wrong.push(name);
  }
  engine.close();
  return { engine: 'quickjs', ...found, verdicts: stamps.length, wrong };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await runSkyInQuickJs();
  console.log(JSON.stringify(result, null, 1));
  process.exitCode = result.wrong.length === 0 && result.worst <= 1 && result.texts.length === 0 ? 0 : 1;
}
