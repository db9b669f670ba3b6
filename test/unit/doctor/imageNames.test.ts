import { expect, it } from 'vitest';
import { matchesImage } from '../../../src/doctor/imageNames.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

it.each([
  ['docker.io/nicolaka/netshoot:v0.14', 'nicolaka/netshoot:v0.14', true],
  ['docker.io/library/nginx:latest', 'nginx', true],
  ['registry.local:5000/tools:1', 'registry.local:5000/tools:1', true],
  [`docker.io/nicolaka/netshoot@${DIGEST}`, `nicolaka/netshoot:v0.14@${DIGEST}`, true],
  ['docker.io/nicolaka/netshoot:v0.14', `nicolaka/netshoot:v0.14@${DIGEST}`, false],
  ['docker.io/nicolaka/netshoot:v0.13', 'nicolaka/netshoot:v0.14', false],
  ['quay.io/nicolaka/netshoot:v0.14', 'nicolaka/netshoot:v0.14', false],
])('%s on a node is the image %s: %s', (listed, image, same) => {
  expect(matchesImage(listed, image)).toBe(same);
});
