import { expect, test } from 'vitest';
import { violations } from './podSecurityChecks.ts';

const plain = { name: 'a', image: 'nginx:1' };

/** The violations of the level by a pod with this spec: `reason (detail)`. */
function violationsOf(level: 'baseline' | 'restricted', spec: Record<string, unknown>): string[] {
  return violations(level, { containers: [plain], ...spec }).map(
    ({ reason, detail }) => `${reason} (${detail})`,
  );
}

function contained(securityContext: object): Record<string, unknown> {
  return { containers: [{ ...plain, securityContext }] };
}

test.each([
  [{}, []],
  [{ hostNetwork: true, hostPID: true }, ['host namespaces (hostNetwork=true, hostPID=true)']],
  [{ volumes: [{ name: 'root', hostPath: { path: '/' } }] }, ['hostPath volumes (volume "root")']],
  [
    contained({ privileged: true }),
    ['privileged (container "a" must not set securityContext.privileged=true)'],
  ],
  [
    contained({ capabilities: { add: ['NET_RAW'] } }),
    [
      'non-default capabilities (container "a" must not include "NET_RAW" in securityContext.capabilities.add)',
    ],
  ],
  [
    contained({ appArmorProfile: { type: 'Unconfined' } }),
    [
      'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
    ],
  ],
  [
    { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } },
    [
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
    ],
  ],
  [
    { securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } },
    ['forbidden sysctls (net.core.somaxconn)'],
  ],
  [
    { securityContext: { windowsOptions: { hostProcess: true } } },
    ['hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)'],
  ],
])('baseline violations of %j', (spec, expected) => {
  expect(violationsOf('baseline', spec)).toEqual(expected);
});

test('restricted accepts a pod that restricts itself', () => {
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  };
  expect(violationsOf('restricted', contained(securityContext))).toEqual([]);
  expect(violationsOf('restricted', {})).toHaveLength(4);
});
