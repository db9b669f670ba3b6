import { world } from './world.ts';

/** The protocols of exec. The older one uses a proxy that hides the newer one. */
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
 * Combines each case with two combinations that together include both protocols and both flavours, alternating with the
 * other two. Every pair of a case and a protocol, or of a case and a flavour, occurs once.
 */
export function paired<Case extends object>(
  cases: readonly Case[],
): (Case & (typeof COMBINATIONS)[number])[] {
  const last = COMBINATIONS.length - 1;
  const pairs = [
    COMBINATIONS.filter((_, at) => at === 0 || at === last),
    COMBINATIONS.slice(1, -1),
  ];
  return cases.flatMap((testCase, index) => {
    // With one flavour, there are only two combinations.
    const pair = (last < 3 ? COMBINATIONS : pairs[index % 2]) ?? [];
    return pair.map((combination) => ({ ...combination, ...testCase }));
  });
}
