import type { ListFormat } from '../output/renderList.ts';
import { renderTable } from '../output/table.ts';
import { terminalSafe, terminalSafeJson } from '../output/terminalSafe.ts';
import { toYaml } from '../output/yaml.ts';
import { isListening, type SocketList } from '../tools/socket.ts';
import { inChunks } from './chunks.ts';
import { endpointText, localText } from './endpoint.ts';
import { socketColumns } from './socketColumns.ts';

/**
 * Renders the sockets in the order given, as chunks of text of about 64 KiB, so that 100,000 rows never become one
 * string. `processes` adds a column for processes.
 */
export function renderSockets(
  sockets: SocketList,
  format: ListFormat,
  processes: boolean,
): Iterable<string> {
  switch (format) {
    case 'table':
    case 'wide': {
      const pods = isFromPods(sockets);
      const columns = socketColumns({ pods, processes, wide: format === 'wide' });
      return inChunks(renderTable(columns, sockets));
    }
    case 'json':
      return inChunks(jsonList(sockets));
    case 'yaml':
      return inChunks(yamlList(sockets));
    case 'name':
      return inChunks(names(sockets));
  }
}

function* jsonList(sockets: SocketList): Generator<string> {
  yield '{\n  "kind": "SocketList",\n  "items": [';
  let separator = '\n    ';
  for (const socket of sockets) {
    yield separator;
    yield terminalSafeJson(JSON.stringify(socket));
    separator = ',\n    ';
  }
  yield sockets.length === 0 ? ']\n}\n' : '\n  ]\n}\n';
}

function* yamlList(sockets: SocketList): Generator<string> {
  if (sockets.length === 0) {
    yield toYaml({ kind: 'SocketList', items: [] });
    return;
  }
  yield 'kind: SocketList\nitems:\n';
  for (const socket of sockets) {
    yield toYaml([socket]);
  }
}

/** `tcp/10.244.1.5:80` for a listener, `tcp/10.244.1.5:80-10.244.2.7:41234` for a connection. */
function* names(sockets: SocketList): Generator<string> {
  for (const socket of sockets) {
    const local = `${socket.protocol}/${localText(socket)}`;
    const name = isListening(socket) ? local : `${local}-${endpointText(socket.peer)}`;
    yield `${terminalSafe(name)}\n`;
  }
}

function isFromPods(sockets: SocketList): boolean {
  for (const socket of sockets) {
    if (socket.pod !== undefined) {
      return true;
    }
  }
  return false;
}
