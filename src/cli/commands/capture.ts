import { parseCapturePlan } from '../capturePlan.ts';
import { command } from '../command.ts';
import { CAPTURE_FLAGS } from '../flags/capture.ts';
import { DEBUGGER_GROUP } from '../flags/debugger.ts';
import { TARGET_GROUP_WITH_L, TARGETS, TARGETS_HELP } from '../flags/targets.ts';
import { runCapture } from '../runCapture.ts';

export const captureCommand = command({
  description: `Capture packets of pods and nodes: print them, write them to a file, or show them in Wireshark.\n\n${TARGETS_HELP} EXPRESSION is a filter as in pcap-filter(7).`,
  examples: [
    ['capture pod-1', 'Print packets as they arrive'],
    ['capture pod-1 -w web.pcap -- port 80', 'Write HTTP packets to a file'],
    ['capture pod-1 pod-2 -w web.pcapng', 'Write the packets of two pods to one file, in order'],
    [
      'capture pod-1 node/worker-1 -w both.pcapng',
      'Write the packets of a pod and of a node to one file',
    ],
    ['capture shop/svc/web -w shop.pcapng', 'Capture the pods of a service in another namespace'],
    ['capture pod-1 --peer svc/db', 'Print traffic with a service'],
    [
      'capture svc/web --with-clients -w web.pcapng',
      'Capture both ends of the connections to a service',
    ],
    [
      'capture deploy/web --preset dns --duration 1m --summary',
      'Find DNS problems of a deployment',
    ],
    [
      'capture --path pod-1 pod-2 -w path.pcapng',
      'Capture the traffic between two pods at every device on the path',
    ],
    ['capture pod-1 --wireshark', 'Show packets in Wireshark'],
    ['capture pod-1 -c 20 -i any', 'Print 20 packets of any interface, including lo'],
    ['capture pod-1 -w - | tshark -r -', 'Pipe packets to another program'],
    ['capture pod-1 -C 100 -W 10 -w web', 'Keep the newest GB until Ctrl-C, in the folder web'],
    ['capture pod-1 --detach --name rare -G 60m', 'Record for a week after this command exits'],
    ['capture deploy/web --detach --name all', 'Record in each pod of a deployment'],
  ],
  arguments: [TARGETS],
  rest: 'EXPRESSION',
  flags: [{ title: 'Options', flags: CAPTURE_FLAGS }, TARGET_GROUP_WITH_L, DEBUGGER_GROUP],
  run: async ({ flags, args, rest }) => {
    if (!flags.path) return runCapture(flags, parseCapturePlan(flags, args, rest));
    const { capturePath } = await import('../capturePath.ts');
    return capturePath(flags, args, rest);
  },
});
