import { randomBytes } from 'node:crypto';
import { ensureDebugger } from '../../debugger/accessLevel.ts';
import type { DebuggerSettings } from '../../debugger/container.ts';
import { runProgram } from '../../debugger/runProgram.ts';
import type { AccessOptions } from '../../debugger/start.ts';
import type { KubeApi } from '../../kube/api.ts';
import { type Pod, podPath } from '../../kube/pod.ts';
import { Problem } from '../../problem.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import insideScript from './inside.sh';
import { parseInside } from './namespaceFacts.ts';
import podSideScript from './podSide.sh';
import { nonEmptyLines, parseSections, sectionText } from './sections.ts';
import type { Subject } from './subject.ts';

export interface PodSideOptions extends AccessOptions {
  readonly settings: DebuggerSettings;
  readonly command: string;
  /** The reason for not entering the node, as shown to users. */
  readonly why: string;
}

/**
 * Reads the network namespace of one pod from an ephemeral container in it, for users who may not create a pod on
 * its node. Returns facts of a node that contain nothing else. Throws the same errors as `ensureDebugger`.
 */
export async function readPodSide(
  api: KubeApi,
  subject: Extract<Subject, { kind: 'pod' }>,
  { settings, command, why, ...options }: PodSideOptions,
): Promise<NodeFacts> {
  const { namespace, name, uid, node } = subject;
  const { signal } = options;
  const pod = await api.get<Pod>(podPath(namespace, name), { ...(signal && { signal }) });
  const request = { ...settings, profile: 'network', via: 'ephemeral', command } as const;
  const dbg = await ensureDebugger(api, pod, request, options);
  const token = randomBytes(16).toString('hex');
  const { stdout, stderr } = await runProgram(
    api.access,
    dbg,
    { script: podSideScript, command: [insideScript, token] },
    { ...(signal && { signal }) },
  );
  const sections = parseSections(stdout, token);
  const inode = Number(sectionText(sections, 'inode'));
  if (sections.at(-1)?.name !== 'end' || !(inode > 0))
    throw new Problem(`the network of pod "${name}" could not be read: ${stderr.trim()}`, {
      kind: 'command-failed',
    });
  const [kernel = '', collectedAt = ''] = nonEmptyLines(sectionText(sections, 'begin'));
  const tools = nonEmptyLines(sectionText(sections, 'tools'));
  return {
    name: node,
    collectedAt,
    kernel,
    // The host's namespace is not known.
    hostInode: 0,
    namespaces: [
      {
        inode,
        owner: { kind: 'pod', uid, name, namespace },
        mounts: [],
        ...parseInside(sections),
      },
    ],
    processes: [],
    sandboxes: [],
    tools,
    unknown: [
      { what: "everything but the pod's own network namespace", why, needs: 'a pod on the node' },
      ...(tools.includes('ip')
        ? []
        : [{ what: 'devices, addresses and routes', why: 'the image has no ip (iproute2)' }]),
    ],
  };
}
