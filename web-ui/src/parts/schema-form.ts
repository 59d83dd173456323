import type { JsonSchema } from '@cosmicembeddings/sdk/schema';
import { t } from '../words/index.js';
import { element } from './element.js';

interface Input {
  readonly name: string;
  readonly required: boolean;
  readonly node: HTMLElement;
  /** Undefined where it was left empty. */
  read(): unknown;
  fill(text: string): void;
}

export interface SchemaForm {
  readonly node: HTMLFormElement;
  /** Values by name, in the types of the schema; what was left empty is left out. */
  values(): Record<string, unknown>;
}

/**
 * A form for an object that a JSON Schema describes: a field for each property, those of its alternatives too.
 * `given`: texts to begin with.
 */
export function schemaForm(
  schema: JsonSchema,
  submit: string,
  given: Readonly<Record<string, string>>,
  onSubmit: (values: Record<string, unknown>) => void,
): SchemaForm {
  const inputs = propertiesOf(schema).map(({ name, schema: one, required }) => inputOf(name, one, required));
  for (const input of inputs) if (given[input.name] !== undefined) input.fill(given[input.name]!);
  const node = element(
    'form',
    { class: 'schema' },
    ...inputs.map((input) => input.node),
    element('button', { type: 'submit' }, submit),
  );
  const values = (): Record<string, unknown> =>
    Object.fromEntries(
      inputs.flatMap((input) => {
        const value = input.read();
        return value === undefined ? [] : [[input.name, value]];
      }),
    );
  node.addEventListener('submit', (event) => {
    event.preventDefault();
    onSubmit(values());
  });
  return { node, values };
}

interface Property {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

function propertiesOf(schema: JsonSchema): Property[] {
  const required = new Set((schema['required'] as readonly string[] | undefined) ?? []);
  const own = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>).map(
    ([name, one]): Property => ({ name, schema: one, required: required.has(name) }),
  );
  const others = ['anyOf', 'oneOf', 'allOf'].flatMap((word) =>
    ((schema[word] ?? []) as readonly JsonSchema[]).flatMap(propertiesOf).map((one) => ({ ...one, required: false })),
  );
  return [
    ...own,
    ...others.filter(
      ({ name }, i) => !own.some((one) => one.name === name) && others.findIndex((one) => one.name === name) === i,
    ),
  ];
}

function inputOf(name: string, schema: JsonSchema, required: boolean): Input {
  const label = (control: HTMLElement): HTMLElement =>
    element(
      'label',
      {},
      element('span', {}, name, required ? '' : element('i', { class: 'quiet' }, ` ${t('form.optional')}`)),
      control,
      typeof schema['description'] === 'string'
        ? element('small', { class: 'quiet' }, schema['description'])
        : undefined,
    );
  const choices = schema['enum'];
  if (schema['type'] === 'boolean' || Array.isArray(choices)) {
    const all = schema['type'] === 'boolean' ? [true, false] : (choices as unknown[]);
    const select = element(
      'select',
      { name },
      element('option', { value: '' }, '–'),
      ...all.map((one, i) => element('option', { value: String(i) }, String(one))),
    );
    return {
      name,
      required,
      node: label(select),
      read: () => (select.value === '' ? undefined : all[Number(select.value)]),
      fill: (text) => void (select.value = String(all.findIndex((one) => String(one) === text))),
    };
  }
  const isNumber = schema['type'] === 'integer' || schema['type'] === 'number';
  const isText = schema['type'] === 'string';
  const isId = schema['title'] === 'cid';
  const isTexts = schema['type'] === 'array' && (schema['items'] as JsonSchema | undefined)?.['type'] === 'string';
  const long = isTexts || (!isNumber && !isText && !isId) || (isText && Number(schema['maxLength'] ?? 0) > 200);
  const hint = isTexts ? t('form.oneALine') : isNumber || isText ? '' : isId ? t('form.blockId') : 'JSON';
  const control = long
    ? element('textarea', { name, rows: isTexts ? '4' : '3', placeholder: hint })
    : element('input', { name, type: isNumber ? 'number' : 'text', placeholder: hint, autocomplete: 'off' });
  if (isNumber && schema['type'] === 'integer') control.setAttribute('step', '1');
  if (required) control.setAttribute('required', '');
  return {
    name,
    required,
    node: label(control),
    read: () => {
      const text = control.value;
      if (text.trim() === '') return undefined;
      if (isNumber) return Number(text);
      if (isText) return text;
      if (isId) return { '/': text.trim() };
      return isTexts ? text.split('\n').filter((line) => line.trim() !== '') : JSON.parse(text);
    },
    fill: (text) => void (control.value = text),
  };
}
