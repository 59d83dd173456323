import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { documentOf, documentsOf, FILE_MAX_BYTES } from '../src/publish/documents.ts';
import { batchesOf } from '../src/publish/embedders.ts';

test('files become documents; what is no text is named', async () => {
  const files = [
    new File(['# Kilns\n\nThe kiln fires at 1240 °C.'], 'kilns.md'),
    new File([new Uint8Array([0xff, 0xfe, 0x80])], 'broken.txt'),
    new File(['%PDF'], 'paper.pdf'),
    new File(['   '], 'empty.txt'),
    new File([new Uint8Array(FILE_MAX_BYTES + 1)], 'large.txt'),
  ];
  expect(await documentsOf(files)).toEqual({
    documents: [{ source: 'kilns.md', passages: ['The kiln fires at 1240 °C.'] }],
    left: [
      { name: 'broken.txt', why: 'notText' },
      { name: 'paper.pdf', why: 'notText' },
      { name: 'large.txt', why: 'tooLarge' },
    ],
  });
  expect(documentOf('', '*a*', false).passages).toEqual(['*a*']);
});

test('texts go to the node in order, within what it does for strangers', () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 40_000 }), { maxLength: 80 });
  fc.assert(
    fc.property(texts, (all) => {
      const batches = batchesOf(all);
      expect(batches.flat()).toEqual(all);
      for (const batch of batches) {
        expect(batch.length).toBeLessThanOrEqual(32);
        if (batch.length > 1) expect(batch.join('').length).toBeLessThanOrEqual(48_000);
      }
    }),
    { numRuns: 30 },
  );
});
