import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type AccessLevelChoice, chooseAccessLevel } from '../../../src/debugger/accessLevel.ts';
import { debuggerContainer } from '../../../src/debugger/container.ts';
import { runtimeOf, sandboxNote } from '../../../src/debugger/hiddenNetwork.ts';
import { parseTargetNetwork } from '../../../src/debugger/node/findTarget.ts';
import { nodePod } from '../../../src/debugger/node/nodePod.ts';
import type { Pod } from '../../../src/kube/pod.ts';
import { Problem, type ProblemKind } from '../../../src/problem.ts';
import { fakeServer, json, type Plain, type ReceivedRequest, status } from '../kube/fakeServer.ts';
import { recording } from '../kube/recordings.ts';
import { podWith, podWithDebuggers, RUNNING } from './pods.ts';

const REQUEST = {
  profile: 'network',
  image: 'netshoot:1',
  pullPolicy: 'IfNotPresent',
  ttl: 60,
} as const;

interface Answers {
  /** The message with which a dry run is refused, by whether capabilities are added. */
  readonly refusals?: { readonly least?: string; readonly baseline?: string };
  readonly code?: number;
  readonly node?: object;
  readonly denied?: readonly string[];
  readonly labels?: object;
  /** The answer to an exec in a container that cannot exist. */
  readonly check?: Plain;
}

/** The result, and the requests. */
async function choose(answers: Answers, pod: Pod = podWith()) {
  const { check } = answers;
  const { api, requests } = await fakeServer({
    rest: (request, response) => answer(request, response, answers),
    ...(check && { check: () => check }),
  });
  const make = (accessLevel: 'least' | 'baseline') =>
    debuggerContainer('netdebug-network', REQUEST, accessLevel);
  const outcome: AccessLevelChoice | Error = await chooseAccessLevel(api, pod, make).catch(
    (error: Error) => error,
  );
  return { outcome, requests: requests.map(({ method, path }) => `${method} ${path}`) };
}

function answer(request: ReceivedRequest, response: ServerResponse, answers: Answers): void {
  const { path, body } = request;
  if (request.method === 'PATCH') {
    expect(request.query.get('dryRun')).toBe('All');
    const accessLevel = body.includes('"add":') ? 'least' : 'baseline';
    const message = answers.refusals?.[accessLevel];
    const code = answers.code ?? 403;
    if (message === undefined) json(response, 200, podWith());
    // Policies give any reason, or none.
    else json(response, code, status(code, code === 403 ? 'Forbidden' : 'Invalid', message));
  } else if (path.startsWith('/api/v1/nodes/')) {
    json(response, 200, answers.node ?? { metadata: {} });
  } else if (request.method === 'POST') {
    const { verb } = (JSON.parse(body) as { spec: { resourceAttributes: { verb: string } } }).spec
      .resourceAttributes;
    json(response, 201, { status: { allowed: !answers.denied?.includes(verb) } });
  } else json(response, 200, { metadata: { labels: answers.labels } });
}

const BASELINE = recording<{ body: { message: string } }>('ephemeral-psa-baseline').body.message;
const RESTRICTED = recording<{ body: { message: string } }>('ephemeral-psa-restricted').body
  .message;
const FORBIDDEN = recording<{ body: { message: string } }>('rbac-ephemeral-403').body.message;
// From an issue of OpenShift users; each cluster names its own constraints.
const SCC =
  'pods "web" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount, provider restricted-v2: .spec.ephemeralContainers[0].runAsUser: Invalid value: 0: must be in the ranges: [1000650000, 1000659999]]';
const EXEC_FORBIDDEN = recording<{ refused: { body: { message: string } } }>('exec-rbac-403')
  .refused.body.message;
const NO_EXEC = { code: 403, body: status(403, 'Forbidden', EXEC_FORBIDDEN) };
// Since 1.35 there is a second check, for create; its refusal has no reason.
const NO_CREATE = { code: 403, body: status(403, 'Forbidden', 'pods "web" is forbidden: ') };
const WEBHOOK = 'admission webhook "validate.kyverno.svc-fail" denied the request: no';

describe('the chosen access level', () => {
  it('is the first one, after one round of requests', async () => {
    const { outcome, requests } = await choose({});
    expect(outcome).toEqual({ accessLevel: 'least' });
    expect(requests.toSorted()).toEqual([
      'EXEC /api/v1/namespaces/shop/pods/web/exec',
      'GET /api/v1/nodes/node-1',
      'PATCH /api/v1/namespaces/shop/pods/web/ephemeralcontainers',
      'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    ]);
  });

  it('is the second one if no capabilities may be added', async () => {
    const { outcome } = await choose({ refusals: { least: BASELINE } });
    expect(outcome).toMatchObject({
      accessLevel: 'baseline',
      note: {
        kind: 'fewer-capabilities',
        text: expect.stringMatching(/Pod Security .*"shop"/),
      },
    });
  });

  it.each([
    ['privileged', 'least'],
    ['baseline', 'baseline'],
  ])(
    "follows the namespace's label if a webhook does not support dry runs: %s",
    async (level, accessLevel) => {
      const message = 'admission webhook "x" does not support dry run';
      const labels = { 'pod-security.kubernetes.io/enforce': level };
      const { outcome } = await choose({ refusals: { least: message }, code: 400, labels });
      expect(outcome).toMatchObject({ accessLevel, unsure: expect.stringContaining(message) });
    },
  );

  it.each<[string, Answers, ProblemKind, boolean]>([
    ['restricted', { refusals: { least: RESTRICTED, baseline: RESTRICTED } }, 'denied', true],
    ['no permission to patch', { refusals: { least: FORBIDDEN } }, 'forbidden', true],
    ['no permission to exec', { check: NO_EXEC }, 'forbidden', true],
    ['no permission to create', { check: NO_CREATE }, 'forbidden', true],
    ['no permission to watch', { denied: ['watch'] }, 'forbidden', true],
    ['OpenShift', { refusals: { least: SCC, baseline: SCC } }, 'denied', true],
    ['a webhook', { refusals: { least: WEBHOOK, baseline: WEBHOOK } }, 'denied', false],
  ])(
    'is none, with or without a pod on the node instead: %s',
    async (_, answers, kind, nodeInstead) => {
      const { outcome } = await choose(answers);
      expect(outcome).toMatchObject({ noEphemeral: { kind, nodeInstead } });
    },
  );

  it.each([
    ['get pods/exec', { check: NO_EXEC }],
    ['create pods/exec', { check: NO_CREATE }],
    ['watch pods', { denied: ['watch'] }],
  ] as const)('names the missing permission: %s', async (permission, answers) => {
    const { outcome } = await choose(answers);
    expect(outcome).toMatchObject({ noEphemeral: { text: expect.stringContaining(permission) } });
  });

  it('is none for a static pod, without a dry run', async () => {
    const pod = podWith({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } });
    const { outcome, requests } = await choose({}, pod);
    expect(outcome).toMatchObject({ noEphemeral: { nodeInstead: true } });
    expect(requests.filter((request) => request.startsWith('PATCH'))).toEqual([]);
  });

  it('is none next to an old debugger that violates the policy now', async () => {
    const old = debuggerContainer('netdebug-network', { ...REQUEST, image: 'other' });
    const message =
      'pods "web" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities (container "netdebug-network" must not include "NET_RAW" in securityContext.capabilities.add)';
    const pod = podWithDebuggers([old, RUNNING]);
    const { outcome } = await choose({ refusals: { least: message, baseline: message } }, pod);
    expect(outcome).toMatchObject({
      noEphemeral: { kind: 'denied', text: expect.stringMatching(/netdebug-network.*"web"/) },
    });
  });

  it.each([
    { metadata: { labels: { type: 'virtual-kubelet' } } },
    {
      metadata: {},
      spec: { taints: [{ key: 'virtual-kubelet.io/provider', value: 'azure' }] },
    },
  ])('is none on a virtual node', async (node) => {
    expect((await choose({ node })).outcome).toMatchObject({ kind: 'unsuitable' });
  });

  it.each(['Unknown', 'False'])('is none on a node whose Ready condition is %s', async (status) => {
    const conditions = [{ type: 'Ready', status, message: 'Kubelet stopped posting node status.' }];
    const { outcome } = await choose({ node: { metadata: {}, status: { conditions } } });
    expect(outcome).toMatchObject({
      kind: 'not-started',
      message: expect.stringMatching(/"node-1".*stopped posting/),
    });
  });
});

/** The answer of a real API server, or of something in front of it. */
const answered = (name: string) => {
  const { status: code, body } = recording<{ status: number; body: { message: string } }>(name);
  return { code, message: body.message };
};
const DENIED = [
  'ephemeral-webhook-denied-400',
  'ephemeral-webhook-denied-403',
  'ephemeral-admission-policy-422',
] as const;

describe('a refusal, whatever its HTTP status', () => {
  it.each([...DENIED.map(answered), { ...answered(DENIED[0]), code: 500 }])(
    'of added capabilities leads to the second access level: $code',
    async ({ code, message }) => {
      const { outcome } = await choose({ refusals: { least: message }, code });
      expect(outcome).toMatchObject({ accessLevel: 'baseline' });
      expect(outcome).not.toHaveProperty('unsure');
    },
  );

  it.each([...DENIED.map(answered), { ...answered(DENIED[0]), code: 500 }])(
    'of every debugger is not bypassed with a pod on the node: $code',
    async ({ code, message }) => {
      const { outcome } = await choose({ refusals: { least: message, baseline: message }, code });
      expect(outcome).toMatchObject({ noEphemeral: { nodeInstead: false } });
    },
  );

  it('by an unreachable admission webhook is recognised after one dry run', async () => {
    const { code, message } = answered('ephemeral-webhook-unreachable-500');
    const { outcome, requests } = await choose({ refusals: { least: message }, code });
    expect(outcome).toMatchObject({
      noEphemeral: { message: expect.stringContaining('validate.limits.example.com') },
    });
    expect(requests.filter((request) => request.startsWith('PATCH'))).toHaveLength(1);
  });

  it.each([
    [409, 'Operation cannot be fulfilled on pods "web"'],
    [429, 'too many requests'],
    [500, 'Internal error occurred: etcdserver: leader changed'],
    [504, 'Timeout: request did not complete within the allotted timeout'],
    [
      422,
      'Pod "web" is invalid: existing ephemeral containers "netdebug-network" may not be changed',
    ],
  ])(
    'is not assumed if the server fails, or the pod was changed concurrently: %i',
    async (code, message) => {
      const { outcome } = await choose({ refusals: { least: message }, code });
      expect(outcome).toMatchObject({
        accessLevel: 'least',
        unsure: expect.stringContaining(message),
      });
    },
  );

  it('with an unknown message', async () => {
    const message = 'Pod "web" is invalid: spec.ephemeralContainers[0].image: Invalid value';
    const { outcome } = await choose({
      refusals: { least: message, baseline: message },
      code: 422,
    });
    expect(outcome).toMatchObject({ noEphemeral: { message: expect.stringContaining(message) } });
  });

  it('by a cluster without ephemeral containers', async () => {
    const message = 'the server could not find the requested resource';
    const { outcome } = await choose({ refusals: { least: message }, code: 404 });
    expect(outcome).toMatchObject({ kind: 'unsuitable' });
  });
});

describe('exec is tried before anything is changed', () => {
  it('names a proxy in between that refuses it', async () => {
    const { status: code, body } = recording<{ status: number; body: string }>(
      'exec-through-kubectl-proxy-403',
    );
    const { outcome } = await choose({ check: { code, body } });
    expect(outcome).toBeInstanceOf(Problem);
    const { message, next } = outcome as Problem;
    expect(message).toMatch(/127\.0\.0\.1:\d+.*403 "Forbidden"/);
    expect(next.join('\n')).toContain('--reject-paths');
  });

  it.each([404, 502])('recognises a proxy that answers %i with a page', async (code) => {
    const { outcome } = await choose({ check: { code, body: '<html>\nno</html>' } });
    expect(outcome).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(String(code)),
    });
  });

  it.each(['webhook', 'policy'])(
    'does not use an ephemeral container if a %s denies it',
    async (kind) => {
      const message =
        kind === 'webhook'
          ? 'admission webhook "exec.example.com" denied the request: no exec'
          : "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'exec.example.com' with binding 'b' denied request: no exec";
      const code = kind === 'webhook' ? 400 : 422;
      const { outcome } = await choose({ check: { code, body: status(code, 'Invalid', message) } });
      expect(outcome).toMatchObject({
        noEphemeral: {
          message: expect.stringMatching(/exec\.example\.com[\s\S]*no exec/),
          nodeInstead: false,
        },
      });
    },
  );

  it.each([
    [429, 'Too many requests, please try again later.\n'],
    [500, status(500, 'InternalError', 'Internal error occurred: no leader')],
  ])('cannot tell if the server fails: %i', async (code, body) => {
    const { outcome } = await choose({ check: { code, body } });
    expect(outcome).toMatchObject({ accessLevel: 'least', unsure: expect.any(String) });
  });
});

describe('a sandboxed runtime', () => {
  const noteOf = async (handler: string | undefined, runtimeClassName = 'secure') => {
    const { api } = await fakeServer({
      rest: (_, response) =>
        handler === undefined
          ? json(response, 403, status(403, 'Forbidden', 'no'))
          : json(response, 200, { handler }),
    });
    const pod = podWith({ spec: { runtimeClassName } });
    return sandboxNote(pod, await runtimeOf(api, pod));
  };
  it.each(['runsc', 'kata-qemu'])(
    'is recognised by its handler, whatever the name of its class: %s',
    async (handler) => {
      expect(await noteOf(handler)).toBeDefined();
    },
  );
  it.each(['gvisor', 'kata-qemu', 'runsc-kvm'])(
    'is recognised by its class if the handler is unknown: %s',
    async (name) => {
      expect(await noteOf(undefined, name)).toBeDefined();
    },
  );
  it('is not reported for other handlers', async () => {
    expect(await noteOf('runc', 'gvisor-was-here')).toBeUndefined();
    expect(await noteOf('nvidia', 'nvidia')).toBeUndefined();
    expect(sandboxNote(podWith(), undefined)).toBeUndefined();
  });
});

describe('the pod on a node', () => {
  const at = { name: 'n', namespace: 'debug' };

  it('finds a static pod by the UID that its kubelet uses', () => {
    const pod = podWith({
      metadata: { annotations: { 'kubernetes.io/config.hash': '3bd2d1' } },
      status: { containerStatuses: [{ name: 'main', containerID: 'cri-o://abc' }] },
    });
    const { spec } = nodePod({ node: 'node-1', pod }, REQUEST, at);
    const [{ command }] = spec.containers as [{ command: string[] }];
    const words = command.indexOf('stay') + 1;
    expect(command.slice(words, words + 5)).toEqual(['4', '3bd2d1', 'uid-1', '--', 'abc']);
    expect(spec.hostNetwork).toBeUndefined();
    // Kubernetes would replace two of them with one.
    expect(command.join('')).not.toContain('$$');
  });

  it('uses the node’s network if the target is a node, without SYS_ADMIN', () => {
    const { spec } = nodePod({ node: 'node-1' }, REQUEST, at);
    expect(spec.hostNetwork).toBe(true);
    expect(JSON.stringify(spec)).not.toContain('SYS_ADMIN');
    expect(JSON.stringify(spec)).not.toMatch(/privileged|hostPath/);
  });

  it('ends after a day, or some time after it is no longer needed', () => {
    const deadline = (lifetime?: number) => {
      const request = { ...REQUEST, ...(lifetime !== undefined && { lifetime }) };
      return nodePod({ node: 'node-1' }, request, at).spec.activeDeadlineSeconds;
    };
    expect(deadline()).toBe(86_400);
    expect(deadline(60_500)).toBe(61 + 4 * 3_600);
    expect(deadline(48 * 3_600_000)).toBe(52 * 3_600);
  });

  it('reports what it found', () => {
    expect(parseTargetNetwork('pid 42')).toEqual({ kind: 'pod', holder: 42 });
    expect(parseTargetNetwork('ports 4567 10250')).toEqual({ kind: 'node', ports: [10250, 4567] });
    expect(parseTargetNetwork('denied cri-containerd.apparmor.d (enforce)')).toEqual({
      kind: 'denied',
      confined: true,
    });
    expect(parseTargetNetwork('denied')).toEqual({ kind: 'denied', confined: false });
    expect(parseTargetNetwork('pid x')).toBeUndefined();
    expect(parseTargetNetwork('')).toBeUndefined();
  });
});
