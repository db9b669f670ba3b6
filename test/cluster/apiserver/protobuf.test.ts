import { describe, expect, test } from 'vitest';
import { decodeProtobuf } from './protobuf.ts';

/** Bodies that kubectl 1.33 sent, and the same objects in JSON. */
const SENT: [command: string, base64: string, object: unknown][] = [
  [
    'create service clusterip web --tcp=80:http',
    'azhzAAoNCgJ2MRIHU2VydmljZRJsCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkUKHgoHODAtaHR0cBIDVENQGFAiCggBEAAaBGh0dHAoABIKCgNhcHASA3dlYhoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        ports: [{ name: '80-http', protocol: 'TCP', port: 80, targetPort: 'http' }],
        selector: { app: 'web' },
        type: 'ClusterIP',
      },
    },
  ],
  [
    'create secret generic s --from-literal=key=value',
    'azhzAAoMCgJ2MRIGU2VjcmV0EiMKEQoBcxIAGgAiACoAMgA4AEIAEgwKA2tleRIFdmFsdWUaABoAIgA=',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { key: 'dmFsdWU=' } },
  ],
  [
    'create quota q --hard=cpu=500m',
    'azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRImChEKAXESABoAIgAqADIAOABCABIPCg0KA2NwdRIGCgQ1MDBtGgAaACIA',
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q' },
      spec: { hard: { cpu: '500m' } },
    },
  ],
  [
    'create deployment d --image=nginx:1 --replicas=0',
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EqUBChsKAWQSABoAIgAqADIAOABCAFoICgNhcHASAWQSeAgAEgoKCAoDYXBwEgFkGmAKGgoAEgAaACIAKgAyADgAQgBaCAoDYXBwEgFkEkISJAoFbmdpbngSB25naW54OjEqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==',
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', labels: { app: 'd' } },
      spec: {
        // Zero, not absent, because it is a pointer in Go.
        replicas: 0,
        selector: { matchLabels: { app: 'd' } },
        strategy: {},
        template: {
          metadata: { labels: { app: 'd' } },
          spec: {
            containers: [{ name: 'nginx', image: 'nginx:1', resources: {} }],
          },
        },
      },
    },
  ],
];

describe('kubectl', () => {
  test.each(SENT)('%s', (_command, base64, object) => {
    expect(decodeProtobuf(Buffer.from(base64, 'base64'))).toEqual(object);
  });
});

test('invalid protobuf, or an unknown kind, is rejected', () => {
  expect(() => decodeProtobuf(Buffer.from('{}'))).toThrow('provided data is not protobuf');
  expect(() => decodeProtobuf(Buffer.from('k8s\0'))).toThrow('no protobuf schema');
});
