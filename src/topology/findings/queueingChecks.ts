import type { Qdisc } from '../../tools/ip/qdisc.ts';
import type { DeviceLocation, Fault } from '../trace/oneWayPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';

/** How tc shows that packets arriving on a device are queued on another one, as set up by the bandwidth plugin. */
const REDIRECT = /Egress Redirect to device ([^)\s]+)/;

/** Queueing disciplines on the path that are configured to drop, delay or limit packets. */
export function queueingFaults({ paths, topology }: PathTrace): Fault[] {
  const hops = paths.flatMap((path) => path.hops);
  return hops.flatMap(({ node, netns, pod, device }): Fault[] => {
    const network = topology.facts.nodes
      .find(({ name }) => name === node)
      ?.namespaces.find(({ inode }) => inode === netns);
    if (device === undefined || network?.qdiscs === undefined) return [];
    const deviceQdiscs = network.qdiscs.filter((qdisc) => qdisc.device === device);
    const redirected = deviceQdiscs
      .flatMap(({ filters = [] }) => filters)
      .map((filter) => REDIRECT.exec(filter)?.[1]);
    const targetQdiscs = network.qdiscs.filter((qdisc) => redirected.includes(qdisc.device));
    const where = {
      ...(node !== undefined && { node }),
      ...(netns !== undefined && { netns }),
      ...(pod !== undefined && { pod }),
    };
    return [...deviceQdiscs, ...targetQdiscs].flatMap((qdisc) => faultOf(qdisc, where));
  });
}

function faultOf(qdisc: Qdisc, place: DeviceLocation): Fault[] {
  const { device, kind, dropped, rate, emulation } = qdisc;
  const where = { ...place, device };
  const effects = effectsOf(qdisc);
  if (emulation !== undefined && effects.length > 0) {
    const evidence = `qdisc ${kind} dev ${device}: dropped ${dropped}`;
    return [
      {
        kind: 'network-emulation',
        where,
        evidence,
        values: { device, effects: effects.join(', ') },
      },
    ];
  }
  if (kind !== 'tbf' || rate === undefined) return [];
  const evidence = `qdisc tbf dev ${device} rate ${rateText(rate)}: dropped ${dropped}`;
  return [{ kind: 'rate-limit', where, evidence, values: { device, rate: rateText(rate) } }];
}

function effectsOf({ emulation, rate }: Qdisc): string[] {
  if (emulation === undefined) return [];
  const { lost, corrupted, duplicated, reordered, delay } = emulation;
  const part = (verb: string, value: number) =>
    value > 0 ? [`${verb} ${Number((value * 100).toPrecision(2))} % of the packets`] : [];
  return [
    ...part('loses', lost),
    ...part('damages', corrupted),
    ...part('duplicates', duplicated),
    ...part('reorders', reordered),
    ...(delay > 0 ? [`delays them by ${Number((delay * 1000).toPrecision(3))} ms`] : []),
    ...(rate !== undefined ? [`sends at most ${rateText(rate)}`] : []),
  ];
}

/** Bits per second, with powers of 1000 like tc. */
function rateText(rate: number): string {
  const [divisor, unit] =
    rate >= 1e9 ? [1e9, 'Gbit/s'] : rate >= 1e6 ? [1e6, 'Mbit/s'] : [1e3, 'kbit/s'];
  return `${Number((rate / divisor).toPrecision(3))} ${unit}`;
}
