import { setTimeout as wait } from 'node:timers/promises';
import { CAPTURES, captureCommand, execCommand, recordTimes } from './captures.ts';
import type { Clients, CommandLine } from './clients.ts';
import { timeToFirstPacket } from './firstPacket.ts';
import { interleave } from './interleave.ts';
import { CHATTER, DEBUGGER_IMAGE, deletePods, runPod } from './pods.ts';

const BY_HAND = 'by-hand';

/** A kubelet checks its pods once a second, and more often shortly after a start. */
const KUBELET_MS = 1_000;
const CALM_MS = 2_500;

/**
 * Only for text, because each pod takes seconds. In each round, both programs start at the same offset within the
 * kubelet's second, counted from when the pod was ready. The offsets of the rounds are evenly distributed. Each run has
 * a new pod: netdebug against `kubectl debug`, `kubectl wait` and `kubectl exec … tcpdump`.
 */
export async function benchCold(clients: Clients, sink: string, rounds: number): Promise<void> {
  for (const capture of CAPTURES.filter(({ name }) => name === 'text')) {
    let pods = 0;
    const inFreshPod =
      (commandLines: (pod: string) => readonly CommandLine[]) => async (round: number) => {
        pods += 1;
        const pod = `bench-cold-${capture.name}-${pods}`;
        await runPod(clients, pod, { command: [...CHATTER, sink] });
        await wait(CALM_MS + (KUBELET_MS * round) / rounds);
        const time = await timeToFirstPacket(clients, commandLines(pod), capture.headerBytes);
        await deletePods(clients, [pod]);
        return time;
      };
    const times = await interleave(rounds, [
      inFreshPod((pod) => [captureCommand(clients, pod, capture)]),
      inFreshPod((pod) => byHand(clients, pod, capture.equal)),
    ]);
    recordTimes('First packet, fresh pod', capture, 'kubectl debug, wait, exec', times, {
      most: 1,
    });
  }
}

/** The commands of a script: `kubectl debug` without a terminal returns before the container runs. */
function byHand(clients: Clients, pod: string, command: readonly string[]): CommandLine[] {
  const { kubectl } = clients;
  return [
    [
      ...([kubectl, 'debug', pod, '-c', BY_HAND, '--image', DEBUGGER_IMAGE] as const),
      ...['--image-pull-policy=IfNotPresent', '--profile=netadmin', '--', 'sleep', '300'],
    ],
    [
      ...([kubectl, 'wait', `pod/${pod}`, '--timeout=60s'] as const),
      '--for=jsonpath={.status.ephemeralContainerStatuses[0].state.running}',
    ],
    execCommand(clients, pod, BY_HAND, command),
  ];
}
