import { afterAll } from 'vitest';
import { deleteMadeDenials } from './denial.ts';
import { deleteMadeNamespaces } from './namespaces.ts';
import { deleteMadePods } from './pods.ts';

// Objects outlive the test that created them, because the tests of a file run together and share some. They do not
// outlive the file.
afterAll(async () => {
  await deleteMadeDenials();
  await deleteMadePods();
  await deleteMadeNamespaces();
});
