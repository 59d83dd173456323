import type { ViewAnswer } from '@cosmicembeddings/sdk';
import { plain, plural } from '../output.js';

/** An answer for people: facts as lines, lists as tables. What it rests on follows where it matters. */
export function answerText({ result, missing, local }: ViewAnswer): string {
  const lines = textOf(result);
  if (local === true) lines.push('', 'as this node has seen it: others may answer otherwise');
  if (missing.length > 0) lines.push('', `${plural(missing.length, 'block')} missing here: ${missing.join(', ')}`);
  return lines.join('\n');
}

function textOf(value: unknown): string[] {
  if (Array.isArray(value)) return listText(value);
  if (!isObject(value)) return [scalarText(value)];
  const facts = Object.entries(value).filter(([, one]) => !isObject(one) && !Array.isArray(one));
  const width = Math.max(0, ...facts.map(([name]) => name.length));
  const lines = facts.map(([name, one]) => `${name.padEnd(width)}  ${scalarText(one)}`);
  for (const [name, one] of Object.entries(value))
    if (isObject(one) || Array.isArray(one)) lines.push(`${name}:`, ...textOf(one).map((line) => `  ${line}`));
  return lines;
}

function listText(list: readonly unknown[]): string[] {
  if (list.length === 0) return ['(none)'];
  if (!list.every(isObject)) return list.map(cellText);
  const columns = [...new Set(list.flatMap((row) => Object.keys(row)))];
  const rows = [columns, ...list.map((row) => columns.map((column) => cellText(row[column])))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

/** One line, however deep. */
function cellText(value: unknown): string {
  if (Array.isArray(value)) return value.map(cellText).join(', ');
  if (isObject(value))
    return Object.entries(value)
      .map(([name, one]) => `${name} ${cellText(one)}`)
      .join(', ');
  return scalarText(value);
}

function scalarText(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? plain(value) : String(value as number | boolean);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
