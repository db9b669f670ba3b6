import { FLAG } from '../../packets/packet.ts';
import { END, type TcpSide } from './tcpSide.ts';

/** The states of a conversation in Zeek (conn_state in conn.log). */
export type ConversationState =
  | 'S0'
  | 'S1'
  | 'S2'
  | 'S3'
  | 'SF'
  | 'REJ'
  | 'RSTO'
  | 'RSTR'
  | 'RSTOS0'
  | 'RSTRH'
  | 'SH'
  | 'SHR'
  | 'OTH';

/**
 * Updates the state of an endpoint with a segment that it sent, in the same way as the TCP analyzer of Zeek, so that
 * the states equal those that Zeek reports (its documentation of conn_state).
 */
export function advanceEnd(
  side: TcpSide,
  peer: TcpSide,
  isClient: boolean,
  flags: number,
  payloadLength: number,
): void {
  switch (side.state) {
    case END.inactive:
      begin(side, peer, isClient, flags, payloadLength);
      return;
    case END.synSent:
    case END.synAckSent:
      if (flags & FLAG.fin) side.setState(END.closed);
      if (flags & FLAG.rst) side.setState(END.reset);
      return;
    case END.partial:
    case END.established:
      if (
        flags & FLAG.syn &&
        !(flags & FLAG.ack) &&
        side.state === END.partial &&
        peer.state === END.inactive
      )
        side.setState(END.synSent);
      if (flags & FLAG.fin && !(flags & FLAG.rst)) {
        side.setState(END.closed);
        // The peer closed the connection, and then reset what still arrived. This is a normal end.
        if (peer.state === END.reset && peer.previousState === END.closed)
          peer.setState(END.closed);
      }
      if (flags & FLAG.rst) side.setState(END.reset);
      return;
    case END.closed:
      if (flags & FLAG.rst && peer.state !== END.closed) side.setState(END.reset);
  }
}

/** The first segment of an endpoint. */
function begin(
  side: TcpSide,
  peer: TcpSide,
  isClient: boolean,
  flags: number,
  payloadLength: number,
): void {
  if (flags & FLAG.syn) {
    if (isClient) side.setState(flags & FLAG.ack ? END.synAckSent : END.synSent);
    else {
      if (peer.state === END.synSent) peer.setState(END.established);
      side.setState(END.established);
    }
  }
  if (flags & FLAG.fin) side.setState(END.closed);
  if (flags & FLAG.rst) side.setState(END.reset);
  if (side.state !== END.inactive) return;
  // Some servers acknowledge a SYN before they send their own.
  if (!isClient && payloadLength === 0 && peer.state === END.synSent) return;
  const answersSynAck = flags & FLAG.ack && peer.state === END.established;
  side.setState(answersSynAck ? END.established : END.partial);
}

/** The state of the whole connection in Zeek. */
export function connectionState(client: TcpSide, server: TcpSide): ConversationState {
  const clientSilent = client.state === END.inactive || client.state === END.partial;
  const serverSilent = server.state === END.inactive || server.state === END.partial;
  if (server.state === END.reset) {
    const refused =
      client.state === END.synSent ||
      client.state === END.synAckSent ||
      (client.state === END.reset && client.payloadBytes === 0 && server.payloadBytes === 0);
    if (refused) return 'REJ';
    return clientSilent ? 'RSTRH' : 'RSTR';
  }
  if (client.state === END.reset) return serverSilent ? 'RSTOS0' : 'RSTO';
  if (client.state === END.closed && server.state === END.closed) return 'SF';
  if (client.state === END.closed) return serverSilent ? 'SH' : 'S2';
  if (server.state === END.closed) return clientSilent ? 'SHR' : 'S3';
  if (client.state === END.synSent && server.state === END.inactive) return 'S0';
  if (client.state === END.established && server.state === END.established) return 'S1';
  return 'OTH';
}
