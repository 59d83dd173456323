/** Writes docs/settings.md from the schema of a node's settings; with --check, fails when the file is not what it would write. */
import { readFileSync, writeFileSync } from 'node:fs';
import { settingsSchema } from '../node/dist/operate/config.js';

const path = new URL('../docs/settings.md', import.meta.url);
const text = [
  '# Settings of a node',
  '',
  '<!-- Made by tools/settings.mjs from node/src/operate/settings.ts. -->',
  '',
  'They stand in `config.json` of the data folder; command-line flags rank above it. What is empty (`""`, `null`) is not set. A time is',
  'whole milliseconds or a text such as `"250ms"`, `"90s"`, `"12h"`, `"7d"`; a size is whole bytes or a text such as `"500kB"`, `"64MiB"`.',
  'A setting that is not known or not of its form is refused with `config.malformed` and its name; nothing is guessed.',
  '',
  '| setting | form | default | what |',
  '|---|---|---|---|',
  ...rowsOf(settingsSchema, ''),
  '',
].join('\n');

if (!process.argv.includes('--check')) writeFileSync(path, text);
else if (readFileSync(path, 'utf8') !== text) {
  console.error('docs/settings.md is not what the settings say; run: node tools/settings.mjs');
  process.exitCode = 1;
}

function rowsOf({ properties = {} }, prefix) {
  return Object.entries(properties).flatMap(([name, schema]) => [
    `| \`${prefix}${name}\` | ${formOf(schema)} | ${defaultOf(schema)} | ${cell(schema.description ?? '')} |`,
    ...(isTold(schema) ? rowsOf(schema, `${prefix}${name}.`) : []),
    ...(isTold(schema.items) ? rowsOf(schema.items, `${prefix}${name}[].`) : []),
  ]);
}

/** Parts that say nothing of themselves are named in the line of the whole. */
function isTold(schema) {
  return Object.values(schema?.properties ?? {}).some(({ description }) => description !== undefined);
}

function formOf(schema) {
  const { type, items, unit, minimum, maximum, additionalProperties, properties } = schema;
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${one}\``).join(' ');
  if (type === 'array')
    return `list of ${items.enum === undefined ? (items.description ?? (items.type === 'string' ? 'texts' : 'objects')) : formOf(items)}`;
  if (type === 'object') {
    if (properties !== undefined && !isTold(schema)) return `{${Object.keys(properties).join(', ')}}`;
    return additionalProperties ? 'map' : 'object';
  }
  if (type === 'string') return 'text';
  if (type === 'boolean') return 'true or false';
  const name = { ms: 'time', bytes: 'size' }[unit] ?? (type === 'integer' ? 'whole number' : 'number');
  return maximum === Number.MAX_SAFE_INTEGER
    ? `${name} ≥ ${spoken(minimum, unit)}`
    : `${name} ${spoken(minimum, unit)}…${spoken(maximum, unit)}`;
}

function defaultOf({ type, properties, default: value, unit }) {
  if (value === undefined || (properties !== undefined && Object.keys(value).length === 0)) return '';
  if (value === Number.MAX_SAFE_INTEGER) return 'no limit';
  if (type === 'integer') return spoken(value, unit);
  if (type === 'array' || type === 'object') {
    if (Object.keys(value).length === 0) return 'none';
    const spelled = Object.entries(value).map(([key, one]) => [key, spoken(one, properties?.[key]?.unit)]);
    return cell(type === 'array' ? `\`${JSON.stringify(value)}\`` : spelled.map((pair) => pair.join(' ')).join(', '));
  }
  return `\`${value}\``;
}

function spoken(value, unit) {
  const units = {
    ms: { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 },
    bytes: { TiB: 2 ** 40, GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10, B: 1 },
  }[unit];
  if (units === undefined || value === 0) return String(value);
  const [name, size] = Object.entries(units).find(([, size]) => value % size === 0);
  return `${value / size}${name}`;
}

function cell(said) {
  return said.replaceAll('|', '\\|');
}
