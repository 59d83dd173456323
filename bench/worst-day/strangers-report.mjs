/** What `strangers.sh` sent, by route: node strangers-report.mjs COUNTS CASES → results/strangers.json */
import { readFileSync } from 'node:fs';
import { record } from '../record.mjs';

const [counts, asked] = process.argv.slice(2);
const routes = {};
for (const line of readFileSync(counts, 'utf8').trim().split('\n')) {
  const { route, what, n } = JSON.parse(line);
  const row = (routes[route] ??= { valid: 0, invalid: 0, slowestMs: 0 });
  if (what === 'slowest') row.slowestMs = Math.max(row.slowestMs, n);
  else row[what] += n;
}
const sum = (what) => Object.values(routes).reduce((all, row) => all + row[what], 0);
// Where a route takes nothing but its path, there are not so many different requests: each is sent once.
const few = Object.entries(routes).filter(([, { valid, invalid }]) => valid < 200 || invalid < 200);
console.log(
  `${sum('valid') + sum('invalid')} cases at ${Object.keys(routes).length} routes, ${sum('invalid')} of them invalid; no 5xx, no time-out`,
);
if (few.length > 0) console.log(`fewer than 200 of either at: ${few.map(([route]) => route).join(', ')}`);
record(import.meta.url, 'strangers', { asked: Number(asked), valid: sum('valid'), invalid: sum('invalid'), routes });
