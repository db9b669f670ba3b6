import { skipped } from './skips.ts';
import { world } from './world.ts';

const PROTOCOLS = [
  { protocol: 'v5', kubeconfig: world.kubeconfig },
  ...(skipped('exec protocol v4', world.local)
    ? []
    : [{ protocol: 'v4', kubeconfig: world.users['admin-v4'] ?? '' }]),
];

/** Each protocol of exec with each flavour of image. */
export const COMBINATIONS = PROTOCOLS.flatMap((protocol) =>
  world.flavours.map((flavour) => ({ ...protocol, flavour: flavour.name, image: flavour.image })),
);
