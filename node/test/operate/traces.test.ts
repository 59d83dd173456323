import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/index.js';
import { openTraces, traced, type Traces } from '../../src/operate/traces.js';

const data = mkdtempSync(join(tmpdir(), 'cosmic-traces-'));
afterAll(() => rmSync(data, { recursive: true, force: true }));

test('where nothing is traced each part is itself; where it is, the same part has one face', async () => {
  expect((await loadConfig({ data })).traces).toBeUndefined();
  const part = { accept: () => 7 };
  expect(traced(undefined, part, 'door', ['accept'])).toBe(part);
  const around = { accept: () => 8 };
  const traces = { around: () => around } as unknown as Traces;
  expect(traced(traces, part, 'door', ['accept'])).toBe(around);
});

test('a setting without an address is refused, and a node without the libraries says what to install', async () => {
  await expect(loadConfig({ data, traces: { share: 1 } })).rejects.toMatchObject({ code: 'config.malformed' });
  await expect(loadConfig({ data, traces: { to: 'udp://x' } })).rejects.toMatchObject({ code: 'config.malformed' });
  const { traces } = await loadConfig({ data, traces: { to: 'http://127.0.0.1:4318/v1/traces' } });
  expect(traces).toEqual({ to: 'http://127.0.0.1:4318/v1/traces', share: 1 });
  await expect(openTraces(traces!, { version: '1', id: 'x' })).rejects.toThrow(/npm install @opentelemetry\/api/);
});

describe('with libraries beside the folder where the command was given', () => {
  const cwd = process.cwd();
  afterAll(() => process.chdir(cwd));

  test('a collector that never answers holds up no node that stops', async () => {
    const libraries = {
      'sdk-trace-base': `
        export class BasicTracerProvider { getTracer() { return {}; } shutdown() { return new Promise(() => undefined); } }
        export class ParentBasedSampler { constructor(rules) { globalThis.samplers = rules; } }
        export class BatchSpanProcessor {}`,
      'exporter-trace-otlp-http': 'export class OTLPTraceExporter {}',
      resources: 'export const resourceFromAttributes = () => ({});',
      api: 'export const diag = { setLogger: () => undefined }; export const DiagLogLevel = { ERROR: 30 };',
    };
    for (const [name, code] of Object.entries(libraries)) {
      const folder = join(data, 'node_modules/@opentelemetry', name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), '{"type":"module","main":"index.js"}');
      writeFileSync(join(folder, 'index.js'), code);
    }
    process.chdir(data);
    const { traces } = await loadConfig({ data, traces: { to: 'http://127.0.0.1:4318/v1/traces' } });
    const opened = await openTraces(traces!, { version: '1', id: 'x' });
    await expect(opened.close()).resolves.toBeUndefined();

    // The share holds for whoever began a trace; by chance, for a trace's id is a caller's to choose.
    const { samplers } = globalThis as unknown as {
      samplers: Record<'root' | 'remoteParentSampled', { shouldSample(): { decision: number } }>;
    };
    expect(samplers.remoteParentSampled).toBe(samplers.root);
    expect(samplers.root.shouldSample().decision).toBe(2);
    await (await openTraces({ ...traces!, share: 0 }, { version: '1', id: 'x' })).close();
    const { samplers: never } = globalThis as unknown as { samplers: typeof samplers };
    expect(never.remoteParentSampled.shouldSample().decision).toBe(0);
  });
});
