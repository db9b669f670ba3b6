import type { KubeApi } from '../kube/api.ts';
import type { Check } from './check.ts';
import { namesImage } from './imageNames.ts';

/** The part of core/v1 Node that tells what can be done on it. */
export interface NodeFacts {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly taints?: readonly { readonly key: string; readonly value?: string }[];
  };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
    readonly images?: readonly { readonly names?: readonly string[] }[];
    readonly nodeInfo?: {
      readonly operatingSystem?: string;
      readonly architecture?: string;
      readonly containerRuntimeVersion?: string;
      readonly kubeletVersion?: string;
    };
  };
}

/** netshoot's, and what our packages are built for. */
const ARCHITECTURES = ['amd64', 'arm64'];

/** A node, or why it cannot be read. */
export async function readNodeFacts(
  api: KubeApi,
  name: string,
  signal: AbortSignal,
): Promise<NodeFacts | undefined> {
  return api.get<NodeFacts>(`/api/v1/nodes/${encodeURIComponent(name)}`, { signal }).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
}

/** What the node of a pod is, as far as that matters. */
export function nodeChecks(name: string, node: NodeFacts | undefined, image: string): Check[] {
  if (!node)
    return [
      {
        check: 'node',
        level: 'warning',
        text: `${name}: it cannot be read, so little is known of it`,
      },
    ];
  return [nodeCheck(name, node), ...pressure(node), imageCheck(name, node, image)];
}

function nodeCheck(name: string, { metadata, spec, status }: NodeFacts): Check {
  const { operatingSystem, architecture = '', ...info } = status?.nodeInfo ?? {};
  const os = metadata.labels?.['kubernetes.io/os'] ?? operatingSystem ?? 'unknown system';
  const text = [
    `${name}: ${os}/${architecture}`,
    info.containerRuntimeVersion,
    info.kubeletVersion && `kubelet ${info.kubeletVersion}`,
  ]
    .filter(Boolean)
    .join(', ');
  const check = 'node';
  const virtual =
    spec?.taints?.some(({ key }) => key === 'virtual-kubelet.io/provider') ||
    metadata.labels?.type === 'virtual-kubelet';
  if (os !== 'linux' && os !== 'unknown system')
    return { check, level: 'fail', text: `${text}: only pods on Linux can be entered` };
  if (virtual)
    return { check, level: 'fail', text: `${text}: a virtual node, with no machine to enter` };
  if (status?.conditions?.some(({ type, status }) => type === 'Ready' && status !== 'True'))
    return {
      check,
      level: 'fail',
      text: `${text}: not ready, so that nothing can be started on it`,
      next: [`kubectl describe node ${name}`],
    };
  if (architecture !== '' && !ARCHITECTURES.includes(architecture))
    return {
      check,
      level: 'warning',
      text,
      next: [`the default image is for ${ARCHITECTURES.join(' and ')}: name another with --image`],
    };
  return { check, level: 'ok', text };
}

function pressure({ status }: NodeFacts): Check[] {
  const disk = status?.conditions?.find(({ type }) => type === 'DiskPressure');
  if (disk?.status !== 'True') return [];
  return [
    {
      check: 'disk',
      level: 'warning',
      text: `the node is short of disk: ${disk.message ?? 'DiskPressure'}`,
      next: ['record little there, or with --stream, which writes nothing on the node'],
    },
  ];
}

function imageCheck(name: string, { status }: NodeFacts, image: string): Check {
  const names = status?.images?.flatMap(({ names = [] }) => names) ?? [];
  const isThere = names.some((candidate) => namesImage(candidate, image));
  const text = isThere
    ? `${image} is on ${name}`
    : `${image} is not among those that ${name} names (its largest 50): it is pulled where it lacks`;
  return { check: 'image', level: 'ok', text };
}
