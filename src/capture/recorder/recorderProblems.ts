import type { Debugger } from '../../debugger/debugger.ts';
import { type Runtime, runtimeOf, runtimeText } from '../../debugger/hiddenNetwork.ts';
import { DEFAULT_IMAGE } from '../../debugger/image.ts';
import type { AccessLevel } from '../../debugger/profile.ts';
import type { KubeApi } from '../../kube/api.ts';
import { run } from '../../kube/run.ts';
import { candidatesText } from '../../nearest.ts';
import { Problem, type ProblemKind } from '../../problem.ts';
import { FollowerNotStarted } from '../follower/follower.ts';
import { RecorderProblem } from '../recorderProblem.ts';

/** Adds advice for the user to a recorder's error; returns other errors unchanged. */
export async function explainFailure(
  error: unknown,
  api: KubeApi,
  dbg: Debugger,
  image: string,
  device: string | undefined,
): Promise<unknown> {
  if (!(error instanceof RecorderProblem || error instanceof FollowerNotStarted)) return error;
  const conditions = () => readConditions(api, dbg);
  return explainRecorder(
    error,
    image,
    device,
    () => interfaces(api, dbg),
    dbg.accessLevel,
    conditions,
  );
}

/** Facts that may explain why packets are refused; unknown facts are absent. */
interface CaptureConditions {
  /** Whether the debugger has the capability NET_RAW. */
  readonly netRaw?: boolean;
  readonly runtime?: Runtime;
}

/** The bit for NET_RAW in a capability mask (capabilities(7), linux/capability.h). */
const NET_RAW = 1n << 13n;

async function readConditions(api: KubeApi, dbg: Debugger): Promise<CaptureConditions> {
  const { namespace, pod, container } = dbg;
  const command = ['cat', '/proc/self/status'];
  const [mask, runtime] = await Promise.all([
    run(api.access, { namespace, pod, container, command })
      .then(({ stdout }) => /^CapEff:\s*([0-9a-f]+)$/m.exec(stdout)?.[1])
      .catch(() => undefined),
    runtimeOf(api, dbg.home),
  ]);
  return {
    ...(mask !== undefined && { netRaw: (BigInt(`0x${mask}`) & NET_RAW) !== 0n }),
    ...(runtime && { runtime }),
  };
}

/** The interfaces in the pod; empty if they cannot be read. */
async function interfaces(api: KubeApi, dbg: Debugger): Promise<string[]> {
  try {
    const { namespace, pod, container, enter = [] } = dbg;
    // Not /sys/class/net, which shows the container's own network.
    const command = [...enter, 'cat', '/proc/net/dev'];
    const { stdout } = await run(api.access, { namespace, pod, container, command });
    return [...stdout.matchAll(/^\s*([^\s|]+):/gm)].map(([, name = '']) => name);
  } catch {
    return [];
  }
}

/** The exit code of a shell that cannot find the program. */
const COMMAND_NOT_FOUND = 127;

/** Messages of the engines that are not errors. */
const HARMLESS_LINE =
  /^(Capturing on '|tcpdump: listening on |(tcpdump: )?WARNING: |See the User's Guide |$)|cap_set_proc\(\) fail/i;

/** Messages of tcpdump about an invalid filter. */
const BAD_FILTER =
  /syntax error|expression|unknown (ether )?(host|port|network|protocol)|illegal|parse/i;

/** The error message without duplicates: if dumpcap was tried before tcpdump, both print it. */
function errorLines(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => !HARMLESS_LINE.test(line.trim()));
  const last = lines.findIndex((line) => line.startsWith('tcpdump: '));
  return lines.slice(Math.max(last, 0)).join('\n') || stderr;
}

/** The error in the filter, in libpcap's words; undefined if the message is about something else. */
function filterError(stderr: string, errorText: string): string | undefined {
  // dumpcap names the filter in its message; tcpdump's message has to be recognized.
  const dumpcap = /isn't a valid capture filter \((.*)\)/.exec(stderr)?.[1];
  const words = dumpcap ?? (BAD_FILTER.test(errorText) ? errorText : undefined);
  return words?.replace(/^(tcpdump: )?((can't parse|syntax error in) filter expression: )?/, '');
}

/** The network of a node may have hundreds of interfaces. */
async function interfacesText(
  device: string,
  interfaces: () => Promise<string[]>,
): Promise<string> {
  const names = await interfaces();
  if (names.length === 0) return 'its interfaces are unknown; use any for all of them';
  return `${candidatesText('interfaces there', device, names)}; use any for all of them`;
}

/** Adds advice for the user to an error of an engine, or of the shell that starts it. */
export async function explainRecorder(
  problem: RecorderProblem | FollowerNotStarted,
  image: string,
  device: string | undefined,
  interfaces: () => Promise<string[]>,
  accessLevel: AccessLevel = 'least',
  conditions: () => Promise<CaptureConditions> = async () => ({}),
): Promise<Problem> {
  const { exitStatus } = problem;
  const text = errorLines(problem.stderr);
  const filterMessage = filterError(problem.stderr, text);
  const explained = (message: string, next: readonly string[], kind: ProblemKind = 'recorder') =>
    new Problem(message, {
      kind,
      next,
      exitCode: kind === 'usage' || kind === 'not-found' ? 2 : 1,
      cause: problem,
    });

  if (exitStatus === COMMAND_NOT_FOUND && /not found/.test(text))
    return explained(
      `the image ${image} has no tcpdump`,
      ['choose an image that has it with --image'],
      'image',
    );
  if (device !== undefined && /No such device|does not exist/i.test(text))
    return explained(
      `there is no interface "${device}" in the pod`,
      [await interfacesText(device, interfaces)],
      'not-found',
    );
  if (filterMessage !== undefined)
    return explained(
      `the filter is not valid: ${filterMessage}`,
      ['filter syntax: https://www.tcpdump.org/manpages/pcap-filter.7.html'],
      'usage',
    );
  if (/permission|not permitted/i.test(text) && accessLevel === 'baseline')
    return explained(`tcpdump may not capture here: ${text}`, [
      "Pod Security allows no added capabilities here, and the node's runtime does not grant NET_RAW by default",
      '(CRI-O does not, unless configured); use a pod on the node instead: --via node',
    ]);
  if (/permission|not permitted/i.test(text))
    return explained(
      `tcpdump may not capture here: ${text}`,
      refusalAdvice(await conditions(), image),
    );
  return explained(text || problem.message, []);
}

/** Why packets are refused. Facts that are not known are mentioned as possible causes. */
function refusalAdvice({ netRaw, runtime }: CaptureConditions, image: string): string[] {
  const nodeAdvice = 'use a pod on the node instead: --via node';
  if (runtime?.sandbox)
    return [
      `the pod runs in ${runtime.sandbox} (${runtimeText(runtime)}), which keeps its network in a sandbox`,
      'and may not show packets to containers; the node sees them when they leave the sandbox: --via node',
    ];
  const unusual = runtime?.isUnusual
    ? [`the pod's ${runtimeText(runtime)} may keep its network in a sandbox`]
    : [];
  if (netRaw)
    return [
      'the debugger has the capability (NET_RAW); possible causes:',
      ...unusual,
      'a seccomp profile or a security module of the node (AppArmor, SELinux) that forbids packet sockets',
      nodeAdvice,
    ];
  const other =
    image === DEFAULT_IMAGE ? [] : [`the image ${image} may need other capabilities than netshoot`];
  return [
    netRaw === false
      ? 'the debugger did not get the capability that it requested (NET_RAW);'
      : 'the debugger may have got fewer capabilities than it requested (NET_RAW);',
    'an admission policy or the runtime may have removed it',
    ...unusual,
    ...other,
    nodeAdvice,
  ];
}
