import { print } from '../../output/standardOutput.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import { familyOf } from '../../topology/address.ts';
import { KINDS } from '../../topology/findings/catalogue.ts';
import { diagnosePath } from '../../topology/findings/diagnosePath.ts';
import type { NetworkFinding } from '../../topology/findings/finding.ts';
import { pictureOf } from '../../topology/picture/picture.ts';
import { renderMermaid } from '../../topology/picture/renderMermaid.ts';
import { type Probe, probeDocument, probeFindings } from '../../topology/probe/probeFindings.ts';
import { drawNode } from '../../topology/render/drawNode.ts';
import { pathDocument } from '../../topology/render/pathDocument.ts';
import { renderPath } from '../../topology/render/renderPath.ts';
import {
  findEndpoint,
  type PathEndpoint,
  pathEndpointText,
} from '../../topology/trace/endpoint.ts';
import { nameServersOf } from '../../topology/trace/nameServers.ts';
import type { PathRequest, PathTrace } from '../../topology/trace/tracePath.ts';
import { command } from '../command.ts';
import { DEBUGGER_GROUP } from '../flags/debugger.ts';
import { FACTS_GROUP, printDocument } from '../flags/facts.ts';
import { PICTURE_FLAGS } from '../flags/picture.ts';
import { anyText, commaSeparated } from '../flags/valueTypes.ts';
import { checkPictureFlags, writePictures } from '../pictures.ts';
import { PROBE_TYPE, probePath } from '../probe.ts';
import {
  type PathAction,
  type PathArguments,
  type PathRequestBuilder,
  readPath,
} from '../readPath.ts';
import { watchPath } from '../watchPath.ts';

const PATH_GROUP = {
  title: 'Options',
  flags: {
    port: {
      value: {
        placeholder: 'PORT',
        parse: (value: string): number => {
          const port = Number(value);
          if (/^\d+$/.test(value) && port >= 1 && port <= 65_535) return port;
          throw wrongUsage('must be a number from 1 to 65535');
        },
      },
      help: 'Port at the destination',
    },
    udp: { help: 'Follow a UDP packet (default TCP)' },
    ipv6: { help: 'Follow an IPv6 packet if both ends are dual-stack' },
    dns: {
      value: anyText('NAME'),
      help: 'Follow a DNS query for this name to the name server of the pod, instead of a packet to TO',
    },
    'fail-on': {
      value: commaSeparated('KINDS'),
      help: 'Exit with 1 if there are findings of these kinds (comma-separated), or any',
    },
    probe: {
      value: PROBE_TYPE,
      bare: 'auto',
      help: 'Also send a few packets and follow them: a TCP connection or UDP datagram to the port, or ICMP; mtu: one full-size packet with "do not fragment" set',
    },
    watch: {
      help: 'Show counters, drops and states along the path and how they change, until Ctrl-C',
    },
    ...PICTURE_FLAGS,
    ...FACTS_GROUP.flags,
  },
} as const;

export const pathCommand = command({
  description:
    'Follow a packet through devices, routes, tunnels and rules in both directions, and report what is wrong.\n\n' +
    'FROM and TO are pods (pod-1), nodes (node/worker-1), services (svc/web) or addresses. For a pod or service in another namespace, put the namespace in front: shop/pod-1, shop/svc/web. Without TO, show the path out of a pod, or a whole node. The command only reads. With --probe it also sends a few packets, and prints which before it sends them. They leave only kernel state that expires by itself (connection tracking, neighbour and forwarding entries).',
  examples: [
    ['path pod-1 pod-2', 'Follow a packet from pod to pod, and the reply'],
    ['path pod-1 svc/web --port 80', 'Follow it through a service'],
    ['path pod-1 203.0.113.9', 'Follow it out of the cluster'],
    ['path pod-1 --dns web.shop', 'Follow a query to the name server of the pod'],
    ['path node/worker-1', "Draw a node's bridges, pods and tunnels"],
    ['path pod-1 pod-2 -o json > dump.json', 'Save everything, for programs and for --from'],
    ['path pod-1 pod-2 --port 80 --probe', 'Send a few packets and show where they get lost'],
    ['path pod-1 pod-2 --watch', 'Watch counters and drops along the path'],
    ['path pod-1 pod-2 --svg path.svg', 'Draw the path and the findings in a picture for a ticket'],
    ['path pod-1 pod-2 --fail-on any', 'Exit with 1 if anything is wrong, for scripts'],
  ],
  arguments: [{ name: 'FROM', required: true }, { name: 'TO' }],
  flags: [PATH_GROUP, DEBUGGER_GROUP],
  run: async ({ flags, args: [from = '', to] }) => {
    const { output, dns } = flags;
    const failOn = checkKinds(flags['fail-on'] ?? []);
    await checkPictureFlags(flags);
    if (dns !== undefined && to !== undefined) {
      throw wrongUsage('--dns and a destination cannot be combined');
    }
    const words: PathArguments = {
      from,
      to: to ?? (dns === undefined ? undefined : from),
      protocol: flags.udp || dns !== undefined ? 'udp' : 'tcp',
      ...(flags.ipv6 && { family: 6 as const }),
      ...(dns === undefined ? flags.port !== undefined && { port: flags.port } : { port: 53 }),
    };
    checkProbeFlags(flags, words);
    let probe: Probe | undefined;
    const findingsOf = (trace: PathTrace) => {
      const pathFindings = diagnosePath(trace);
      return probe === undefined
        ? pathFindings
        : [...pathFindings, ...probeFindings(probe, pathFindings)];
    };
    const show = async (trace: PathTrace) => {
      const { from: start, to: end } = trace.request;
      if (start.kind === 'node' && end === undefined && start.place !== undefined)
        await print([...drawNode(trace.topology, start.place), '\n']);
      const findings = findingsOf(trace);
      await print(renderPath(trace, findings, output === 'wide', { name: dns, probe }));
    };
    const action: PathAction = {
      captures: flags.probe !== undefined,
      run: async (trace, pool, { signal }) => {
        if (flags.probe !== undefined) probe = await probePath(flags.probe, trace, pool);
        if (!flags.watch) return;
        await show(trace);
        await watchPath(trace, pool, signal);
      },
    };
    const trace = await readPath(
      flags,
      words,
      dns === undefined ? defaultRequest(words) : nameServerRequest(words),
      flags.probe !== undefined || flags.watch ? action : undefined,
    );
    const findings = findingsOf(trace);
    await writePictures(flags, trace, findings);
    if (flags.mermaid) {
      await print(renderMermaid(pictureOf(trace, findings)));
    } else if (output === 'json' || output === 'yaml') {
      const { facts } = trace.topology;
      const document = { ...pathDocument(trace, findings), ...probeDocument(probe) };
      await printDocument(document, facts, output);
    } else if (!flags.watch) {
      await show(trace);
    }
    return findings.some((finding) => matchesFailOn(finding, failOn)) ? 1 : 0;
  },
});

/** Throws a usage error for options that cannot be combined with --probe and --watch. */
function checkProbeFlags(
  flags: {
    readonly probe?: string | undefined;
    readonly watch: boolean;
    readonly mermaid: boolean;
    readonly output?: string | undefined;
    readonly from?: string | undefined;
  },
  { to }: PathArguments,
): void {
  const { probe, watch, from, output } = flags;
  for (const name of ['probe', 'watch'] as const)
    if (flags[name] && from !== undefined)
      throw wrongUsage(`--${name} and --from cannot be combined`);
  if (probe !== undefined && to === undefined)
    throw wrongUsage('--probe requires a destination', 'as in: path pod-1 pod-2 --probe');
  if (watch && (output === 'json' || output === 'yaml' || flags.mermaid))
    throw wrongUsage(
      '--watch prints text, and cannot be combined with -o json, -o yaml or --mermaid',
    );
}

function defaultRequest({ protocol, port, family }: PathArguments): PathRequestBuilder {
  return (_topology, from, to): PathRequest => {
    if (family !== undefined) for (const end of [from, to]) checkFamily(end, family);
    return {
      from,
      protocol,
      ...(to && { to }),
      ...(port !== undefined && { port }),
      ...(family !== undefined && { family }),
    };
  };
}

/** Throws if an end has no address of the requested family. */
function checkFamily(end: PathEndpoint | undefined, family: 4 | 6): void {
  if (end === undefined || end.addresses.some((address) => familyOf(address) === family)) return;
  throw new Problem(`${pathEndpointText(end)} has no IPv${family} address`, {
    kind: 'unsuitable',
    next: [`its addresses: ${end.addresses.join(', ') || 'none'}`],
  });
}

/** Makes the pod's name server the destination. */
function nameServerRequest(words: PathArguments): PathRequestBuilder {
  return (topology, from) => {
    const [server] = nameServersOf(topology, from);
    // The pod's resolv.conf has not been read yet.
    if (server === undefined && topology.facts.nodes.length === 0)
      return defaultRequest(words)(topology, from, undefined);
    const endpoint = server === undefined ? undefined : findEndpoint(topology, server, '');
    if (endpoint === undefined || 'notFound' in endpoint) {
      throw new Problem('the name server of this pod is unknown', {
        kind: 'no-facts',
        next: ['its resolv.conf could not be read, or has no name server'],
      });
    }
    return { ...defaultRequest(words)(topology, from, endpoint), to: endpoint };
  };
}

function checkKinds(kinds: readonly string[]): readonly string[] {
  const unknown = kinds.find((kind) => kind !== 'any' && !(kind in KINDS));
  if (unknown === undefined) return kinds;
  throw wrongUsage(
    `--fail-on: unknown kind of finding "${unknown}"`,
    `use any, or one or more of: ${Object.keys(KINDS).join(', ')}`,
  );
}

function matchesFailOn({ kind, severity }: NetworkFinding, failOn: readonly string[]): boolean {
  return failOn.includes(kind) || (failOn.includes('any') && severity !== 'info');
}
