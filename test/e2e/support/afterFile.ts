import { afterAll } from 'vitest';
import { deleteMadeDenials } from './denial.ts';
import { deleteMadeNamespaces } from './namespaces.ts';
import { deleteMadePods } from './pods.ts';

// What tests make outlives them, as tests of a file run together and share some, but not their file.
afterAll(async () => {
  await deleteMadeDenials();
  await deleteMadePods();
  await deleteMadeNamespaces();
});
