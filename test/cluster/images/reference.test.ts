import { expect, test } from 'vitest';
import { completeReference } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['busybox:1', 'docker.io/library/busybox:1'],
  ['nicolaka/netshoot:v0.14', 'docker.io/nicolaka/netshoot:v0.14'],
  ['registry.local/slim:1', 'registry.local/slim:1'],
  ['localhost:5000/a/b', 'localhost:5000/a/b:latest'],
  [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
  [`nginx:1.27@${digest}`, `docker.io/library/nginx:1.27@${digest}`],
  ['Upper:1', undefined],
  ['a b', undefined],
  ['', undefined],
])('%s is completed to %s', (reference, complete) => {
  expect(completeReference(reference)).toBe(complete);
});
