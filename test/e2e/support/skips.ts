import type { TestContext } from 'vitest';
import { type World, world } from './world.ts';

/** Requirements of some tests that not every cluster meets, with the reason that is reported for skipped tests. */
const NEEDS = {
  'both flavours of image': {
    isMet: ({ flavours }: World) => flavours.length > 1,
    why: 'E2E_IMAGE names one image',
  },
  'images that lack tools': {
    isMet: ({ oddImages }: World) => oddImages !== undefined,
    why: 'this cluster does not have them',
  },
  'admission policies': {
    isMet: ({ canDeny }: World) => canDeny,
    why: 'its API server has none',
  },
  'webhooks on this machine': {
    isMet: ({ kind }: World) => kind !== 'given',
    why: 'its API server may not reach this machine',
  },
  'webhooks of Kubernetes 1.21': {
    isMet: ({ kind }: World) => kind === 'local',
    why: 'later ones take no webhook that dry runs cannot ask',
  },
  'folders for static pods': {
    isMet: ({ staticPodFolders }: World) => staticPodFolders !== undefined,
    why: 'where a node has one is not known',
  },
  'nodes on this machine': {
    isMet: ({ kind }: World) => kind !== 'given',
    why: 'faults are planted in their namespaces',
  },
  'IPv6 addresses': {
    isMet: ({ hasIpv6 }: World) => hasIpv6,
    why: 'its pods have IPv4 addresses only',
  },
  'a range of services': {
    isMet: ({ kind }: World) => kind === 'kubernetes',
    why: 'the API server of the local cluster tells none',
  },
  'netdebug on Node': {
    isMet: () => !process.env.E2E_PROGRAM,
    why: 'binaries ignore NODE_OPTIONS, with which the test stops the clock',
  },
} as const;

export type Need = keyof typeof NEEDS;

/** Whether this cluster meets the requirement. */
export function has(need: Need): boolean {
  return NEEDS[need].isMet(world);
}

/** Skips the test, with the reason, unless this cluster meets the requirement. */
export function needs({ skip }: Pick<TestContext, 'skip'>, need: Need): void {
  skip(!has(need), `needs ${need}: ${NEEDS[need].why}`);
}
