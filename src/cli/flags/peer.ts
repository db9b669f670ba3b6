import { parsePeer, type WrittenPeer } from '../../kube/targets/peers.ts';
import type { ValueType } from './flag.ts';

/** What pods exchange packets with. */
export const PEER: ValueType<WrittenPeer> = { placeholder: 'PEER', parse: parsePeer };
