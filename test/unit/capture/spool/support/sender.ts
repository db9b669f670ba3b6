import { createSocket } from 'node:dgram';

/**
 * Sends numbered datagrams to a port of 127.0.0.1, and prints how many: PORT PER-SECOND COUNT SIZE.
 * A separate program, because it runs in a network namespace of the test.
 */
const [port = 0, rate = 0, count = 0, size = 0] = process.argv.slice(2).map(Number);
const socket = createSocket('udp4');
let queued = 0;
let sent = 0;
// Not connected: nobody listens there, and each ICMP error would cost a datagram.
socket.bind(() => {
  const start = performance.now();
  const send = () => {
    const due = Math.min(count, ((performance.now() - start) / 1000) * rate);
    while (queued < due) {
      const datagram = Buffer.alloc(size);
      datagram.writeUInt32BE(queued);
      socket.send(datagram, port, '127.0.0.1', onSent);
      queued += 1;
    }
    if (queued < count) setTimeout(send, 5);
  };
  send();
});

/** Ends when all have been sent: on a busy machine many wait in the queue. */
function onSent(error: Error | null): void {
  if (error) throw error;
  sent += 1;
  if (sent < count) return;
  console.log(sent);
  socket.close();
}
