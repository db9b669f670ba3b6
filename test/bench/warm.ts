import { CAPTURES, captureCommand, execCommand, recordTimes } from './captures.ts';
import type { Clients, CommandLine } from './clients.ts';
import { timeToFirstPacket } from './firstPacket.ts';
import { interleave } from './interleave.ts';
import { CHATTER, deletePods, OUR_DEBUGGER, runPod } from './pods.ts';

/** With the debugger in the pod: netdebug compared with `kubectl exec … tcpdump` in the same container. */
export async function benchWarm(clients: Clients, sink: string, rounds: number): Promise<void> {
  const pod = 'bench-warm';
  await runPod(clients, pod, { command: [...CHATTER, sink] });
  for (const capture of CAPTURES) {
    const time = (commandLine: CommandLine) => () =>
      timeToFirstPacket(clients, [commandLine], capture.headerBytes);
    const contestants = [
      time(captureCommand(clients, pod, capture)),
      time(execCommand(clients, pod, OUR_DEBUGGER, capture.equal)),
      time(execCommand(clients, pod, OUR_DEBUGGER, capture.plain)),
    ];
    // The first capture creates the debugger, and loads the programs into memory.
    await interleave(1, contestants);
    const times = await interleave(rounds, contestants);
    recordTimes('First packet, debugger in the pod', capture, 'kubectl exec -- tcpdump', times, {
      most: 1.1,
    });
  }
  await deletePods(clients, [pod]);
}
