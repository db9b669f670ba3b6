import type { KubeApi } from '../../kube/api.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import type { DebuggerRequest } from '../container.ts';
import type { Debugger } from '../debugger.ts';
import { runProgram } from '../runProgram.ts';
import type { AccessOptions } from '../start.ts';
import enterScript from './enterNamespace.sh';
import findScript from './findNamespace.sh';
import { nodeDebugger } from './nodeDebugger.ts';
import type { NodeTarget } from './nodePod.ts';

/** The inode of a network namespace, as shown by `lsns` or as `net:[…]`, or the name of its mount. */
export function parseNamespaceName(text: string): string {
  const name = /^net:\[(\d+)\]$/.exec(text)?.[1] ?? text;
  if (!/^[\w.-]{1,255}$/.test(name))
    throw wrongUsage(
      `"${text}" is not the inode or the name of a network namespace`,
      'kubectl netdebug netns node/NAME lists them',
    );
  return name;
}

/**
 * Returns a debugger on a node in any of the node's network namespaces. The caller must close it. Throws a Problem if
 * there is no namespace of that name, and throws like `nodeDebugger`.
 */
export async function namespaceOnNode(
  api: KubeApi,
  target: NodeTarget,
  netns: string,
  request: DebuggerRequest,
  options: AccessOptions,
): Promise<Debugger> {
  const dbg = await nodeDebugger(api, target, { ...request, entersAny: true }, options);
  try {
    const { stdout } = await runProgram(
      api.access,
      dbg,
      { script: findScript, command: [netns] },
      { ...(options.signal && { signal: options.signal }) },
    );
    const [, inode, path] = /^(\d+) (\S+)\n/.exec(stdout.toString()) ?? [];
    if (inode === undefined || path === undefined)
      throw new Problem(`node "${target.node}" has no network namespace "${netns}"`, {
        kind: 'not-found',
        next: [`list them: kubectl netdebug netns node/${target.node}`],
      });
    return { ...dbg, enter: ['sh', '-c', enterScript, 'enter', inode, path], ownPorts: [] };
  } catch (error) {
    await dbg.close();
    throw error;
  }
}
