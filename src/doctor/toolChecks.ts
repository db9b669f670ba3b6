import type { ContainerRef } from '../debugger/leasedProcess.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import { runProgram } from '../debugger/runProgram.ts';
import type { KubeApi } from '../kube/api.ts';
import { type Check, failedCheck } from './check.ts';
import toolsScript from './tools.sh';

/** The purpose of each tool. Only tcpdump has no replacement. */
const TOOLS: Readonly<Record<string, string>> = {
  tcpdump: 'capturing',
  dumpcap: 'rings of exact size (tcpdump records instead)',
  ss: 'listing sockets (the tables of the kernel are read instead)',
  ip: 'listing interfaces',
  tar: 'fetching captures',
};

/** Checks a running debugger: the tools in its image, and the negotiated exec protocol. */
export async function toolChecks(
  api: KubeApi,
  container: ContainerRef,
  signal: AbortSignal,
): Promise<Check[]> {
  try {
    const names = Object.keys(TOOLS);
    const program = { script: toolsScript, command: names };
    const outcome = await runProgram(api.access, container, program, { signal });
    const installed = outcome.stdout.toString().split('\n');
    const missing = names.filter((name) => !installed.includes(name));
    return [
      { check: 'exec', level: 'ok', text: `works, ${outcome.protocol}` },
      ...missing.map(missingToolCheck),
      ...(missing.length === 0
        ? [{ check: 'tools', level: 'ok', text: `${names.join(', ')} are in the image` } as const]
        : []),
    ];
  } catch (error) {
    signal.throwIfAborted();
    return [failedCheck('exec', explainRefusal(error))];
  }
}

function missingToolCheck(name: string): Check {
  return {
    check: 'tools',
    ...(name === 'tcpdump' ? { level: 'fail', kind: 'image' } : { level: 'warning' }),
    text: `the image has no ${name}, which is used for ${TOOLS[name]}`,
    next: ['choose another image with --image'],
  };
}
