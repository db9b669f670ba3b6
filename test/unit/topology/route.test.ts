import { describe, expect, it } from 'vitest';
import { parseIpRecords } from '../../../src/tools/ip/records.ts';
import { routesOf } from '../../../src/tools/ip/route.ts';
import { parseRules } from '../../../src/tools/ip/rule.ts';
import type { NetworkNamespace } from '../../../src/topology/model/networkNamespace.ts';
import type { RouteQuestion } from '../../../src/topology/model/routeAnswer.ts';
import { lookUpRoute } from '../../../src/topology/route/lookUp.ts';
import { inNamespaces, sectionsOf, seeded } from './support/namespaces.ts';

const DEVICES = ['d0', 'd1', 'd2'];
const DEVICE_SETUP = DEVICES.map(
  (name, at) =>
    `ip link add ${name} type bridge; ip link set ${name} up; ip addr add 10.${at}.0.1/24 dev ${name}; ip -6 addr add fd00:${at}::1/64 dev ${name} nodad`,
).join('\n');

/** Random routes and rules, in the syntax of ip; `|| true` skips those that the kernel refuses. */
function randomTables(seed: number, ipv6: boolean): string {
  const random = seeded(seed);
  const network = () =>
    ipv6
      ? `fd00:${random.below(3)}${random.below(4)}::/${random.oneOf([16, 24, 32, 48, 64])}`
      : `10.${random.below(6)}.${random.below(3) * 64}.0/${random.oneOf([8, 12, 16, 18, 24])}`;
  const ip = ipv6 ? 'ip -6' : 'ip';
  const gateway = (at: number) => (ipv6 ? `fd00:${at}::9` : `10.${at}.0.9`);
  const route = () => {
    const at = random.below(3);
    const type = random.oneOf(['', '', '', 'blackhole', 'unreachable', 'prohibit', 'throw']);
    const to = type === '' ? ` via ${gateway(at)} dev d${at}` : '';
    return `${ip} route add ${type} ${network()}${to} metric ${10 + random.below(3)} table ${random.oneOf(['main', 'main', '100', '101'])} 2>/dev/null || true`;
  };
  const rule = () =>
    `${ip} rule add ${random.oneOf([
      `from ${network()}`,
      `to ${network()}`,
      `fwmark 0x${random.below(4)}/0x3`,
      `iif d${random.below(3)}`,
      `not from ${network()}`,
    ])} pref ${100 + random.below(100)} ${random.oneOf(['lookup 100', 'lookup 101', 'lookup main suppress_prefixlength 8'])} 2>/dev/null || true`;
  const repeat = (count: number, make: () => string) => Array.from({ length: count }, make);
  const zero = random.below(2) === 0 ? [`${ip} route add default via ${gateway(0)} dev d0`] : [];
  return [...repeat(14, route), ...repeat(5, rule), ...zero].join('\n');
}

function questions(seed: number, ipv6: boolean): RouteQuestion[] {
  const random = seeded(seed * 31);
  return Array.from({ length: 40 }, () => {
    const to = ipv6
      ? `fd00:${random.below(3)}${random.below(4)}:${random.below(3)}::${random.below(9) + 2}`
      : `10.${random.below(6)}.${random.below(256)}.${random.below(200) + 2}`;
    const mark = random.below(4);
    const isForwarded = random.below(2) === 0;
    return {
      to,
      ...(isForwarded && {
        from: ipv6 ? `fd00:${random.below(3)}::7` : `10.${random.below(3)}.0.7`,
        inputDevice: random.oneOf(DEVICES),
      }),
      ...(mark > 0 && { mark: `0x${mark}` }),
    };
  });
}

function routeCommand({ to, from, inputDevice, mark }: RouteQuestion, at: number): string {
  const words = [
    to,
    ...(from ? ['from', from] : []),
    ...(inputDevice ? ['iif', inputDevice] : []),
    ...(mark ? ['mark', mark] : []),
  ].join(' ');
  return `echo "== answer ${at}"; ip -j route get ${words} 2>&1 || true`;
}

/** Device and next hop, or why there is none. */
function normaliseKernelRoute(text: string): string {
  if (!text.startsWith('[')) {
    if (/unreachable/.test(text)) return 'none';
    return /Invalid argument|cross-device/.test(text)
      ? 'blackhole'
      : /denied/.test(text)
        ? 'prohibit'
        : 'unreachable';
  }
  const [route] = JSON.parse(text);
  // IPv6 returns a route for these types, whose effect is only in `type`.
  if (route.type !== undefined && route.type !== 'unicast') return route.type;
  return `${route.dev} ${route.gateway ?? 'direct'}`;
}

describe('routes computed from the tables', () => {
  for (const ipv6 of [false, true]) {
    it.for([1, 2, 3, 4])(
      `agree with the kernel's answers: IPv${ipv6 ? 6 : 4}, tables %d`,
      async (seed) => {
        const routeQuestions = questions(seed, ipv6);
        const family = ipv6 ? '-6' : '-4';
        const output = await inNamespaces(
          [
            DEVICE_SETUP,
            'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1',
            randomTables(seed, ipv6),
            `echo "== routes"; ip -j -d ${family} route show table all`,
            `echo "== rules"; ip -j -d ${family} rule`,
            ...routeQuestions.map(routeCommand),
          ].join('\n'),
        );
        const sections = sectionsOf(output);
        const namespace = {
          routes: routesOf(parseIpRecords(sections.get('routes') ?? '')),
          rules: parseRules(sections.get('rules') ?? '', ipv6 ? 'inet6' : 'inet'),
          links: [],
        } as unknown as NetworkNamespace;
        const differences = routeQuestions.flatMap((question, at) => {
          const route = lookUpRoute(namespace, question)?.route;
          const ownRoute =
            route === undefined
              ? 'none'
              : route.type === 'unicast'
                ? `${route.device} ${route.gateway ?? 'direct'}`
                : route.type;
          const kernel = normaliseKernelRoute((sections.get(`answer ${at}`) ?? '').trim());
          return ownRoute === kernel ? [] : [{ question, own: ownRoute, kernel }];
        });
        expect(differences, output.slice(0, 6000)).toEqual([]);
      },
    );
  }
});
