const { once } = require('node:events');
const http = require('node:http');
const { WebSocketServer } = require('ws');

const CHANNEL = { stdout: 1, stderr: 2, status: 3 };
const DEBUGGER = 'netdebug-network';
const IMAGE = 'toy';

const POD = {
  metadata: { name: 'pod-1', namespace: 'default', uid: 'toy', resourceVersion: '1' },
  spec: {
    containers: [{ name: 'main' }],
    ephemeralContainers: [
      {
        name: DEBUGGER,
        image: IMAGE,
        env: [
          { name: 'NETDEBUG', value: '1' },
          { name: 'NETDEBUG_IMAGE', value: IMAGE },
        ],
      },
    ],
  },
  status: {
    phase: 'Running',
    ephemeralContainerStatuses: [{ name: DEBUGGER, state: { running: {} } }],
  },
};

/** A pcap file with one packet of four bytes. */
const PCAP = Buffer.from(
  'd4c3b2a1020004000000000000000000000004000100000000000000000000000400000004000000deadbeef',
  'hex',
);
const PACKET_LINE = '12:00:00.000000 IP 10.0.0.1.1 > 10.0.0.2.2: UDP, length 1\n';
const SOCKET_LINES = 'ESTAB  0 0   10.0.0.1:80 10.0.0.2:4096\nLISTEN 0 511 *:80        *:*\n';

/**
 * An API server with one pod and a debugger in it. The debugger's recorder sees one packet, and its ss two sockets:
 * just enough for whole commands. Returns its port and the image of its debugger.
 */
exports.startToyServer = async () => {
  const server = http.createServer((_request, response) => response.end(JSON.stringify(POD)));
  const execs = new WebSocketServer({ server, handleProtocols: () => 'v5.channel.k8s.io' });
  execs.on('connection', (client, { url }) => answer(client, new URL(url, 'http://toy')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: server.address().port, image: IMAGE };
};

async function answer(client, { searchParams }) {
  const send = (channel, data) =>
    client.send(Buffer.concat([Buffer.from([channel]), Buffer.from(data)]));
  send(CHANNEL.stdout, '');
  let command = searchParams.getAll('command');
  if (command.includes('boot')) command = await bootedCommand(client);
  if (command.includes('follow')) {
    send(CHANNEL.stdout, `hello 1 tcpdump eth0\ndata 1 0 ${PCAP.length}\n`);
    send(CHANNEL.stdout, PCAP);
    send(CHANNEL.stdout, `end 1 ${PCAP.length}\nover complete 0 captured=1 dropped=0\n`);
    // The client reports when it has received everything.
    while (!String((await once(client, 'message'))[0]).includes('info'));
  } else if (command.includes('tcpdump')) {
    send(CHANNEL.stderr, 'tcpdump: listening on eth0, link-type EN10MB (Ethernet)\n');
    send(CHANNEL.stdout, command.includes('-w') ? PCAP : PACKET_LINE);
    send(CHANNEL.stderr, '1 packet captured\n0 packets dropped by kernel\n');
  } else send(CHANNEL.stdout, SOCKET_LINES);
  send(CHANNEL.status, JSON.stringify({ status: 'Success' }));
  client.close();
}

/**
 * The words of a booted command. It arrives on standard input, in any number of frames: a line with the size in bytes
 * and in lines and with a separator, the code and the words, each ended by the separator, and a line `end`. The first
 * byte of a frame is its channel.
 */
function bootedCommand(client) {
  return new Promise((resolve) => {
    let text = '';
    const take = (frame) => {
      text += frame.toString('latin1', 1);
      const start = text.indexOf('\n') + 1;
      const [bytes, , separator] = text.slice(0, start - 1).split(' ');
      const end = start + Number(bytes);
      if (start === 0 || !(text.length > end)) return;
      client.off('message', take);
      resolve(text.slice(start, end).split(separator).slice(1, -1));
    };
    client.on('message', take);
  });
}
