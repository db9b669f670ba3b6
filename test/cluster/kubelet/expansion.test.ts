import { expect, test } from 'vitest';
import { expandVariables } from './expansion.ts';

const values = new Map([
  ['HOST', 'web'],
  ['EMPTY', ''],
]);

test.each([
  ['http://$(HOST)/', 'http://web/'],
  ['$(EMPTY)', ''],
  ['$(UNKNOWN)', '$(UNKNOWN)'],
  ['$$(HOST)', '$(HOST)'],
  ['echo $$', 'echo $'],
  ['$HOST 5$', '$HOST 5$'],
  ['$(HOST', '$(HOST'],
])('%s becomes %s', (text, expanded) => {
  expect(expandVariables(text, values)).toBe(expanded);
});
