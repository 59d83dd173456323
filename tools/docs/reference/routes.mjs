/** Pages of the HTTP interface, one a subject, from specs/openapi.json. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const methods = ['get', 'post', 'put', 'patch', 'delete'];

export function writeRoutes(root, folder) {
  const api = JSON.parse(readFileSync(join(root, 'specs/openapi.json'), 'utf8'));
  const operations = Object.entries(api.paths).flatMap(([path, item]) =>
    methods.filter((method) => method in item).map((method) => ({ method, path, ...item[method] })),
  );
  const tags = api.tags.filter(({ name }) => operations.some(({ tags }) => tags?.[0] === name));
  for (const { name, description } of tags) {
    const own = operations.filter(({ tags }) => tags?.[0] === name);
    writeFileSync(
      join(folder, `${name}.md`),
      [
        `# HTTP: ${name}`,
        `${description}. Made from [the OpenAPI document](/files/specs/openapi.json), which a node serves at \`/openapi.json\`; what holds for all routes is said under [HTTP](/http).`,
        ...own.flatMap((operation) => pageOf(api, operation)),
        '',
      ].join('\n\n'),
    );
  }
  const lost = operations.filter(({ tags: [tag] = [] }) => !tags.some(({ name }) => name === tag));
  if (lost.length > 0) throw new Error(`routes without a subject: ${lost.map(({ path }) => path).join(', ')}`);
  return tags.map(({ name }) => name);
}

function pageOf(api, { method, path, summary, description, parameters = [], requestBody, responses }) {
  const said = [summary, description].filter((text, index, all) => text && all.indexOf(text) === index);
  return [
    `## \`${method.toUpperCase()} ${path}\``,
    ...said,
    ...fieldsOf(
      'parameter',
      parameters
        .map((one) => resolved(api, one))
        .map((one) => [`${one.name} (${one.in})`, one.schema, one.required, one.description]),
      api,
    ),
    ...Object.entries(requestBody?.content ?? {}).flatMap(([type, { schema }]) =>
      bodyOf(api, `It is sent \`${type}\``, schema),
    ),
    '| status | answer | form |\n|---|---|---|\n' +
      Object.entries(responses)
        .map(([status, one]) => {
          const { description: what, content = {} } = resolved(api, one);
          const forms = Object.entries(content).map(([type, { schema }]) => `\`${type}\` ${formOf(api, schema)}`);
          return `| ${status} | ${cell(what)} | ${cell(forms.join('; '))} |`;
        })
        .join('\n'),
  ];
}

function bodyOf(api, lead, schema) {
  const whole = resolved(api, schema ?? {});
  const rows = Object.entries(whole.properties ?? {}).map(([name, one]) => [
    name,
    one,
    whole.required?.includes(name),
    undefined,
  ]);
  return rows.length === 0 ? [`${lead}: ${formOf(api, schema)}.`] : [`${lead}:`, ...fieldsOf('field', rows, api)];
}

function fieldsOf(heading, rows, api) {
  if (rows.length === 0) return [];
  const line = ([name, schema = {}, required, description]) =>
    `| \`${name}\`${required ? ' *' : ''} | ${cell(formOf(api, schema))} | ${cell(description ?? resolved(api, schema).description ?? '')} |`;
  return [`| ${heading} (* needed) | form | what |\n|---|---|---|\n${rows.map(line).join('\n')}`];
}

function formOf(api, schema = {}) {
  const one = resolved(api, schema);
  if (one.enum !== undefined) return one.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' ');
  if (one.const !== undefined) return `\`${JSON.stringify(one.const)}\``;
  const several = one.anyOf ?? one.oneOf;
  if (several !== undefined) return several.map((part) => formOf(api, part)).join(' or ');
  const type = [one.type ?? []].flat().join(' or ');
  if (type === 'array') return `list of ${formOf(api, one.items)}`;
  const bounds = [
    [one.minimum, '≥'],
    [one.maximum, '≤'],
    [one.maxLength, 'length ≤'],
  ];
  return [
    type || 'anything',
    ...bounds
      .filter(([value]) => value !== undefined && value !== Number.MAX_SAFE_INTEGER)
      .map(([value, sign]) => `${sign} ${value}`),
    ...(one.default === undefined ? [] : [`(\`${JSON.stringify(one.default)}\` if not said)`]),
  ].join(' ');
}

function resolved(api, schema) {
  if (schema?.$ref === undefined) return schema;
  return resolved(
    api,
    schema.$ref
      .slice(2)
      .split('/')
      .reduce((part, key) => part[key], api),
  );
}

function cell(text = '') {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}
