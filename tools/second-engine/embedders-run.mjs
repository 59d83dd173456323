// Runs a built-in embedder in QuickJS, an engine that shares no code with V8, over its vectors of specs/vectors.
// Usage: node tools/second-engine/embedders-run.mjs english|multilingual   (after a build)
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { build } from 'esbuild';

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const embedders = {
  english: { create: 'createEnglishEmbedder', file: 'sdk/assets/english-1.bin' },
  multilingual: { create: 'createMultilingualEmbedder', file: 'multilingual/assets/multilingual-1.bin' },
};

/** The compiled embedder as one script. QuickJS has neither TextDecoder nor a queue that we wait on: both are handed in. */
async function bundle(name, create) {
  const source = `
    import { ${create} as create } from ${JSON.stringify(path(`sdk/dist/embedders/${name}/index.js`))};
    let embedder;
    globalThis.load = (bytes) => void (embedder = create(new Uint8Array(bytes)));
    globalThis.start = (text) => {
      globalThis.answer = undefined;
      embedder.embed([text], { role: 'passage' }).then(
        ({ vectors }) => (globalThis.answer = JSON.stringify(Array.from(vectors[0], (x) => x * 32768))),
        (error) => (globalThis.answer = JSON.stringify(String(error.code))),
      );
    };`;
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

/** UTF-8 as hosts have it; `hasOwn` and `replaceAll` are newer than some engines. */
const host = `
  globalThis.TextEncoder = class { encode(t) { return Uint8Array.from(unescape(encodeURIComponent(t)), (c) => c.charCodeAt(0)); } };
  globalThis.TextDecoder = class { decode(b) { let s = ''; for (const x of b) s += String.fromCharCode(x); return decodeURIComponent(escape(s)); } };`;

/** Cases computed in QuickJS, and those that differ from the vectors in any bit. */
export async function runInQuickJs(name) {
  const { create, file: model } = embedders[name];
  const { cases } = JSON.parse(readFileSync(path(`specs/vectors/embedder-${name}.json`), 'utf8'));
  const module = await newQuickJSWASMModuleFromVariant(variant);
  const context = module.newContext();
  const run = (handle) => context.unwrapResult(handle).dispose();
  run(context.evalCode(host));
  run(context.evalCode(await bundle(name, create)));
  const file = readFileSync(path(model));
  const bytes = context.newArrayBuffer(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
  const call = (name, argument) => {
    const fn = context.getProp(context.global, name);
    run(context.callFunction(fn, context.undefined, argument));
    fn.dispose();
    argument.dispose();
  };
  call('load', bytes);
  const differing = [];
  for (const { text, vector } of cases) {
    call('start', context.newString(text));
    context.runtime.executePendingJobs();
    const handle = context.getProp(context.global, 'answer');
    const answer = JSON.parse(context.getString(handle));
    handle.dispose();
    const same = vector.length === 0 ? answer === 'input.empty' : JSON.stringify(answer) === JSON.stringify(vector);
    if (!same) differing.push(text);
  }
  context.dispose();
  return { engine: 'quickjs', cases: cases.length, differing };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await runInQuickJs(process.argv[2]);
  console.log(JSON.stringify(result, null, 1));
  process.exitCode = result.differing.length === 0 ? 0 : 1;
}
