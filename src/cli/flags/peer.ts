import { type Peer, parsePeer } from '../../kube/targets/peers.ts';
import type { ValueType } from './flag.ts';

/** What pods exchange packets with. */
export const PEER: ValueType<Peer> = { placeholder: 'PEER', parse: parsePeer };
