import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium, type Browser } from 'playwright-core';
import { createLog, createNode, loadConfig, type RunningNode } from '../../node/src/index.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (executablePath === undefined)
  process.stderr.write(
    'skipped: the HTTP reference is not opened, Chromium is not installed (apt-get install chromium)\n',
  );

(executablePath === undefined ? describe.skip : describe)('the HTTP reference in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-docs-'));
  let node: RunningNode;
  let browser: Browser;

  beforeAll(async () => {
    const config = await loadConfig({
      data: folder,
      port: 0,
      log: 'silent',
      verifyWorkers: 1,
      embedders: [{ type: 'builtin', name: 'lexical' }],
    });
    node = await createNode(config, createLog('silent'));
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await node?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('shows every operation, sends what is asked, and asks nobody else', async () => {
    const page = await browser.newPage();
    const faults: string[] = [];
    const hosts = new Set<string>();
    page.on('console', (line) => line.type() === 'error' && faults.push(line.text()));
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => hosts.add(new URL(request.url()).origin));
    await page.goto(`${node.url}/docs#post_v2_search`);
    const search = page.locator('#post_v2_search');
    await search.locator('textarea').fill('{"text": "kiln", "k": 1}');
    await search.getByRole('button', { name: 'Send' }).click();
    const answer = search.getByRole('status');
    await answer.getByText('"returned": 0').waitFor({ timeout: 15_000 });
    expect(await answer.textContent()).toContain('200 OK');
    const document = (await (await fetch(`${node.url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const all = Object.values(document.paths).flatMap((methods) => Object.keys(methods)).length;
    expect(await page.locator('details.operation').count()).toBe(all);
    const block = page.locator('#get_v2_blocks_id');
    await block.locator('summary').first().click();
    await block.getByLabel('id', { exact: true }).fill('../status');
    await block.getByRole('button', { name: 'Send' }).click();
    await block.getByText('block.not_found').first().waitFor({ timeout: 15_000 });
    if (process.env['SHOT'] !== undefined) await page.screenshot({ path: process.env['SHOT'], fullPage: false });
    expect([...hosts]).toEqual([node.url]);
    // The refusal of the block that is not there is the one line that a browser writes by itself.
    expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
  }, 60_000);
});
