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
