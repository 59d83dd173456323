import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

test('what must not compile does not, and what must does', () => {
  const file = fileURLToPath(new URL('refused.ts', import.meta.url));
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
  };
  const program = ts.createProgram([file], options);
  const found = ts.getPreEmitDiagnostics(program).map(({ file: of, start = 0, messageText }) => {
    const line = of === undefined ? 0 : of.getLineAndCharacterOfPosition(start).line + 1;
    return `${of?.fileName.split('/').at(-1)}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ').slice(0, 200)}`;
  });
  expect(found).toEqual([]);
});
