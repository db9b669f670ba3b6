import { world } from './world.ts';

/** The protocols of exec, the older one by way of a proxy that hides the newer. */
export const PROTOCOLS = [
  { protocol: 'v5', kubeconfig: world.kubeconfig, faulty: world.faulty.plain },
  {
    protocol: 'v4',
    kubeconfig: world.faulty['without-v5'],
    faulty: world.faulty['without-v5'],
  },
];

/** Each protocol of exec with each flavour of image. */
export const COMBINATIONS = PROTOCOLS.flatMap((protocol) =>
  world.flavours.map((flavour) => ({ ...protocol, flavour: flavour.name, image: flavour.image })),
);

/**
 * Each case with two combinations that have both protocols and both flavours between them, in turn with the other two:
 * every pair of a case and a protocol, or a case and a flavour, is there once.
 */
export function paired<Case extends object>(
  cases: readonly Case[],
): (Case & (typeof COMBINATIONS)[number])[] {
  const last = COMBINATIONS.length - 1;
  const pairs = [
    COMBINATIONS.filter((_, at) => at === 0 || at === last),
    COMBINATIONS.slice(1, -1),
  ];
  return cases.flatMap((one, index) => {
    // With one flavour, two combinations are all there are.
    const pair = (last < 3 ? COMBINATIONS : pairs[index % 2]) ?? [];
    return pair.map((combination) => ({ ...combination, ...one }));
  });
}
