import { describe, expect, it } from 'vitest';
import type { ServiceObject } from '../../../src/topology/model/apiObjects.ts';
import { newFacts } from '../../../src/topology/model/clusterFacts.ts';
import { Topology } from '../../../src/topology/topology.ts';
import { findEndpoint } from '../../../src/topology/trace/endpoint.ts';

const web = {
  name: 'web',
  namespace: 'shop',
  clusterAddresses: ['10.96.0.80'],
  externalAddresses: [],
  loadBalancerAddresses: [],
  ports: [],
} as unknown as ServiceObject;
const topology = new Topology(newFacts({ services: [web] }, []));

describe('a service', () => {
  it.each([
    ['svc/web', 'shop'],
    ['shop/svc/web', 'default'],
    ['shop/service/web', 'default'],
    ['web.shop.svc', 'default'],
    ['web.shop.svc.cluster.local', 'default'],
    ['10.96.0.80', 'default'],
  ])('is found as %s in namespace %s', (word, namespace) => {
    expect(findEndpoint(topology, word, namespace)).toMatchObject({
      kind: 'service',
      addresses: ['10.96.0.80'],
    });
  });

  it.each([
    ['svc/web', 'use shop/svc/web'],
    ['svc/db', 'kubectl get services -n default '],
  ])('that is not found in the namespace, %s, has a next step', (word, step) => {
    const found = findEndpoint(topology, word, 'default');
    expect('notFound' in found && found.next?.join()).toContain(step);
  });

  it('is not reported as missing if services cannot be listed', () => {
    const found = findEndpoint(new Topology(newFacts({}, [])), 'svc/web', 'shop');
    expect('notFound' in found && found.notFound).toBe('service "web" cannot be looked up');
  });
});
