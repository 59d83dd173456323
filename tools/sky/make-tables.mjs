// Writes specs/vectors/sky-tables.json: the stars and the boundaries of constellations of `sky/1`, for whoever implements it elsewhere.
// The boundaries (Delporte 1930, as digitised by Roman 1987, CDS VI/42) are those of astronomy-engine, which does not export them.
import { readFileSync, writeFileSync } from 'node:fs';
import * as astronomy from 'astronomy-engine';
import { starTable } from '../../sdk/dist/sky/stars/table.js';

const source = readFileSync(new URL('../../node_modules/astronomy-engine/astronomy.js', import.meta.url), 'utf8');
const arrayOf = (name) =>
  JSON.parse(
    /= (\[[^;]*\]);/
      .exec(source.slice(source.indexOf(`const ${name} =`)))[1]
      .replace(/\/\/.*$/gm, '')
      .replaceAll("'", '"'),
  );
const names = arrayOf('ConstelNames');
const { rot } = astronomy.Rotation_EQJ_EQD(new astronomy.AstroTime(-45655.74141261017));
const line = (row) => JSON.stringify(row);
const rows = (list) => `[\n    ${list.map(line).join(',\n    ')}\n  ]`;
writeFileSync(
  new URL('../../specs/vectors/sky-tables.json', import.meta.url),
  `{
  "stars": ${rows(starTable)},
  "toB1875": ${line([0, 1, 2].map((i) => [0, 1, 2].map((j) => rot[j][i])))},
  "boundaries": ${rows(arrayOf('ConstelBounds').map(([constellation, from, to, dec]) => [names[constellation][0], from, to, dec]))}
}
`,
);
