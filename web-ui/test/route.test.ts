import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hrefOf, rewritten, routeOf } from '../src/parts/route.ts';

test('what an address names comes back from it', () => {
  const word = fc.stringMatching(/^[a-z]{1,10}$/);
  const target = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(word, target, (page, what) => {
      const route = routeOf(hrefOf(page, what, '?row=3'));
      expect(route).toEqual({ page, target: what, search: '?row=3' });
    }),
  );
  expect(hrefOf('author', 'did:key:z6Mk')).toBe('#/author/did:key:z6Mk');
  expect(routeOf('')).toEqual({ page: '', target: '', search: '' });
  expect(routeOf('#/block/%E0%A4%A')).toMatchObject({ page: 'block', target: '%E0%A4%A' });
});

test('addresses of earlier pages lead where they did', () => {
  const at = (search: string, hash: string): string | undefined => rewritten({ search, hash });
  expect(at('?q=sea&tag=a', '')).toBe('#/search?q=sea&tag=a');
  expect(at('', '#block=bafy')).toBe('#/block/bafy');
  expect(at('?q=sea', '#block=bafy')).toBe('#/block/bafy');
  expect(at('', '#view=poll/tally?id=x')).toBe('#/view/poll/tally?id=x');
  expect(at('', '#form=poll.example%2F1')).toBe('#/form/poll.example/1');
  expect(at('', '#views')).toBe('#/views');
  expect([at('', ''), at('', '#/live'), at('?q=a', '#/search?q=b')]).toEqual([undefined, undefined, undefined]);
});
