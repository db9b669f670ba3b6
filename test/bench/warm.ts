import { CAPTURES, captureCommand, execCommand, reportTimes } from './captures.ts';
import type { Clients, CommandLine } from './clients.ts';
import { heading } from './figures.ts';
import { timeToFirstPacket } from './firstPacket.ts';
import { interleave } from './interleave.ts';
import { CHATTER, deletePods, OUR_DEBUGGER, runPod } from './pods.ts';

/** With the debugger in the pod: ours against `kubectl exec … tcpdump` in the very same container. */
export async function benchWarm(clients: Clients, sink: string, rounds: number): Promise<void> {
  const pod = 'bench-warm';
  await runPod(clients, pod, { command: [...CHATTER, sink] });
  heading(`Warm start to first packet, ${rounds} rounds: median [least – most]`);
  for (const capture of CAPTURES) {
    const time = (commandLine: CommandLine) => () =>
      timeToFirstPacket(clients, [commandLine], capture.headerBytes);
    const contestants = [
      time(captureCommand(clients, pod, capture)),
      time(execCommand(clients, pod, OUR_DEBUGGER, capture.equal)),
      time(execCommand(clients, pod, OUR_DEBUGGER, capture.plain)),
    ];
    // The debugger comes with the first capture, and the programs into the memory of this machine.
    await interleave(1, contestants);
    const times = await interleave(rounds, contestants);
    reportTimes(capture, 'kubectl exec', times, 1.3, '1.3, aim below 1');
  }
  await deletePods(clients, [pod]);
}
