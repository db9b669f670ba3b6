import { refuseVirtualNode } from '../debugger/hiddenNetwork.ts';
import { isWindows } from '../debugger/suitability.ts';
import type { KubeNode } from '../kube/node.ts';
import { type Check, failedCheck } from './check.ts';
import { matchesImage } from './imageNames.ts';

/** The architectures of netshoot, and of the netdebug packages. */
const ARCHITECTURES = ['amd64', 'arm64'];

/** The relevant properties of a pod's node. */
export function nodeChecks(name: string, node: KubeNode | undefined, image: string): Check[] {
  if (!node)
    return [
      {
        check: 'node',
        level: 'warning',
        text: `${name}: the node object cannot be read, so little is known about the node`,
      },
    ];
  return [nodeCheck(name, node), ...diskChecks(node), imageCheck(name, node, image)];
}

function nodeCheck(name: string, node: KubeNode): Check {
  const { metadata, status } = node;
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
  if (isWindows(node) || (os !== 'linux' && os !== 'unknown system'))
    return {
      check,
      level: 'fail',
      kind: 'unsuitable',
      text: `${text}: only pods on Linux nodes can be debugged`,
    };
  try {
    refuseVirtualNode(`what runs on ${name}`, node);
  } catch (error) {
    return failedCheck(check, error);
  }
  if (status?.conditions?.some(({ type, status }) => type === 'Ready' && status !== 'True'))
    return {
      check,
      level: 'fail',
      kind: 'unsuitable',
      text: `${text}: not ready, so nothing can be started on it`,
      next: [`kubectl describe node ${name}`],
    };
  if (architecture !== '' && !ARCHITECTURES.includes(architecture))
    return {
      check,
      level: 'warning',
      text,
      next: [
        `the default image is for ${ARCHITECTURES.join(' and ')}; choose another with --image`,
      ],
    };
  return { check, level: 'ok', text };
}

function diskChecks({ status }: KubeNode): Check[] {
  const disk = status?.conditions?.find(({ type }) => type === 'DiskPressure');
  if (disk?.status !== 'True') return [];
  return [
    {
      check: 'disk',
      level: 'warning',
      text: `the node is low on disk space: ${disk.message ?? 'DiskPressure'}`,
      next: ['keep captures small, or use --stream, which writes nothing on the node'],
    },
  ];
}

function imageCheck(name: string, { status }: KubeNode, image: string): Check {
  const names = status?.images?.flatMap(({ names = [] }) => names) ?? [];
  const isPresent = names.some((candidate) => matchesImage(candidate, image));
  const text = isPresent
    ? `${image} is on ${name}`
    : `${image} is not among the images that ${name} reports (its 50 largest); it is pulled if it is missing`;
  return { check: 'image', level: 'ok', text };
}
