import { onTestFinished } from 'vitest';
import { adminCall } from './adminApi.ts';
import { type DeniedRequest, startWebhook } from './admissionWebhook.ts';
import { podName } from './pods.ts';
import { eventually } from './process.ts';
import { type AtEnd, world } from './world.ts';

/**
 * The denied requests: ephemeral containers; new pods; ephemeral containers and new pods with added capabilities;
 * commands in pods.
 */
export type What = 'debuggers' | 'pods' | 'capabilities' | 'exec';

/** Requests in a namespace that its administrator denies. */
export interface Denial {
  /** The message of the refusal. */
  readonly text: string;
  /** Debuggers if it is not given. */
  readonly what?: readonly What[];
  /**
   * The admission plugin, and the HTTP status that a webhook returns. 400 stands for a webhook that returns none.
   * `no-dry-run` is a webhook without support for dry runs. Kubernetes 1.21 is the last version in which these can be
   * created.
   */
  readonly as?: 'policy' | 'webhook-400' | 'webhook-500' | 'no-dry-run';
  /** Only requests about this pod. */
  readonly pod?: string;
}

/** A rule of a policy or of a webhook: the requests that it applies to. */
interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const CORE = { apiGroups: [''], apiVersions: ['v1'] };
const EPHEMERAL = { ...CORE, operations: ['UPDATE'], resources: ['pods/ephemeralcontainers'] };
const NEW_PODS = { ...CORE, operations: ['CREATE'], resources: ['pods'] };
const RULES: Readonly<Record<What, readonly Rule[]>> = {
  debuggers: [EPHEMERAL],
  pods: [NEW_PODS],
  capabilities: [EPHEMERAL, NEW_PODS],
  exec: [{ ...CORE, operations: ['CONNECT'], resources: ['pods/exec'] }],
};

/** Paths of the cluster-wide objects that this file created. */
const made: string[] = [];

/**
 * Makes the admission of a namespace deny requests: with a ValidatingAdmissionPolicy or a webhook, and in the local
 * cluster with annotations. Resolves with the name of the plugin, as soon as a request about the existing pod `pod` is
 * denied.
 */
export async function deny(
  namespace: string,
  pod: string,
  denial: Denial,
  atEnd: AtEnd = onTestFinished,
): Promise<string> {
  const name = `${podName('no')}.example.com`;
  const { as = 'policy' } = denial;
  if (world.kind === 'local') {
    await annotate(namespace, name, denial);
    return name;
  }
  if (as === 'policy') await makePolicy(namespace, name, denial);
  else if (as === 'no-dry-run') throw new Error('Kubernetes has no such webhooks since 1.22');
  else await makeWebhook(namespace, name, denial, atEnd);
  const isDenied = async () => (await refusalOf(namespace, pod, denial)).includes(denial.text);
  if (!(await eventually(isDenied)))
    throw new Error(`nothing denies requests in ${namespace}: ${JSON.stringify(denial)}`);
  return name;
}

/** Deletes the policies and webhooks that this file created. */
export async function deleteMadeDenials(): Promise<void> {
  await Promise.all(made.splice(0).map((path) => adminCall('DELETE', path)));
}

async function annotate(namespace: string, name: string, denial: Denial): Promise<void> {
  const { text, what = ['debuggers'], as = 'policy', pod } = denial;
  const annotations = {
    'netdebug.test/deny': text,
    'netdebug.test/deny-what': what.join(' '),
    'netdebug.test/deny-as': as,
    'netdebug.test/deny-name': name,
    ...(pod !== undefined && { 'netdebug.test/deny-pod': pod }),
  };
  await adminCall('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { annotations } });
}

async function makePolicy(namespace: string, name: string, denial: Denial): Promise<void> {
  const { text, what = ['debuggers'], pod } = denial;
  const expression = what.some((kind) => kind !== 'capabilities') ? 'false' : ADDS_NONE;
  await make('validatingadmissionpolicies', name, {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: what.flatMap((kind) => RULES[kind]) },
    ...(pod !== undefined && {
      matchConditions: [{ name: 'pod', expression: `request.name == '${pod}'` }],
    }),
    validations: [{ expression, message: text }],
  });
  await make('validatingadmissionpolicybindings', name, {
    policyName: name,
    validationActions: ['Deny'],
    matchResources: { namespaceSelector: only(namespace) },
  });
}

/** CEL: no container that could be a debugger adds capabilities. */
const ADDS_NONE = ['containers', 'ephemeralContainers']
  .map(
    (field) =>
      `(!has(object.spec.${field}) || object.spec.${field}.all(one, !has(one.securityContext) || !has(one.securityContext.capabilities) || !has(one.securityContext.capabilities.add)))`,
  )
  .join(' && ');

async function makeWebhook(
  namespace: string,
  name: string,
  denial: Denial,
  atEnd: AtEnd,
): Promise<void> {
  const { text, what = ['debuggers'], as, pod } = denial;
  const code = Number(as?.split('-')[1]);
  const hits = (request: DeniedRequest) =>
    request.name === (pod ?? request.name) &&
    (what.some((kind) => kind !== 'capabilities') || addsAny(request.object));
  const { url, authority } = await startWebhook(
    // The API server uses 400 if there is none.
    (request) => (hits(request) ? { message: text, ...(code !== 400 && { code }) } : undefined),
    atEnd,
  );
  await make('validatingwebhookconfigurations', name, undefined, [
    {
      name,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: { url, caBundle: Buffer.from(authority).toString('base64') },
      namespaceSelector: only(namespace),
      rules: what.flatMap((kind) => RULES[kind]),
    },
  ]);
}

function addsAny(pod: DeniedRequest['object']): boolean {
  const { containers = [], ephemeralContainers = [] } = pod?.spec ?? {};
  return [...containers, ...ephemeralContainers].some(
    ({ securityContext }) => securityContext?.capabilities?.add !== undefined,
  );
}

async function make(
  resource: string,
  name: string,
  spec?: object,
  webhooks?: readonly object[],
): Promise<void> {
  const metadata = { name, labels: world.label };
  await adminCall('POST', `${ADMISSION}/${resource}`, {
    metadata,
    ...(spec && { spec }),
    ...(webhooks && { webhooks }),
  });
  made.push(`${ADMISSION}/${resource}/${name}`);
}

function only(namespace: string): object {
  return { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
}

/** The answer of the API server to a request that should be denied. It is a dry run. */
async function refusalOf(
  namespace: string,
  pod: string,
  { what = ['debuggers'], pod: only = pod }: Denial,
): Promise<string> {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const trial = {
    name: 'trial',
    image: world.appImage,
    securityContext: { capabilities: { add: ['NET_RAW'] } },
  };
  const requests = {
    debuggers: ['PATCH', `${pods}/${only}/ephemeralcontainers?dryRun=All`],
    capabilities: ['PATCH', `${pods}/${only}/ephemeralcontainers?dryRun=All`],
    pods: ['POST', `${pods}?dryRun=All`],
    exec: ['GET', `${pods}/${only}/exec?command=true&stdout=true`],
  } as const;
  const [first = 'debuggers'] = what;
  const [method, path] = requests[first];
  const bodies = {
    PATCH: { spec: { ephemeralContainers: [trial] } },
    POST: { metadata: { name: 'trial' }, spec: { containers: [trial] } },
    GET: undefined,
  };
  return adminCall(method, path, bodies[method]).then(
    () => '',
    (error: Error) => error.message,
  );
}
