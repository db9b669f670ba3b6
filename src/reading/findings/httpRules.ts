import type { Conversation } from '../conversation.ts';
import type { HttpFacts } from '../http/httpFacts.ts';
import { durationText, pluralise } from '../timeText.ts';
import { type Finder, serverFilter } from './finder.ts';

const SERVER_ERROR = 500;
const SLOW_NS = 2e9;

/** Checks the responses of an HTTP server. */
export function checkHttp(finder: Finder, conversation: Conversation, http: HttpFacts): void {
  let errors = 0;
  for (const [status, count] of http.statuses) if (status >= SERVER_ERROR) errors += count;
  if (errors > 0) {
    const group = finder.group('http-server-errors', conversation);
    group?.sum('errors', errors);
    group?.sum('responses', http.responses);
    for (const exchange of http.exchanges) {
      if (exchange.status < SERVER_ERROR) continue;
      group?.note.add(exchange.responsePacket, exchange.responseTime);
      group?.words.set(
        'example',
        `${exchange.method} ${exchange.host ?? ''}${exchange.target} → ${exchange.status}`,
      );
    }
  }
  if (http.slowest < SLOW_NS) return;
  const group = finder.group('http-slow', conversation);
  group?.max('slowest', http.slowest);
  for (const exchange of http.exchanges) {
    const { requestTime, responseTime, responsePacket } = exchange;
    if (requestTime < 0 || responseTime - requestTime < SLOW_NS) continue;
    group?.note.add(responsePacket, responseTime);
    group?.words.set('example', `${exchange.method} ${exchange.host ?? ''}${exchange.target}`);
  }
}

/** Adds the findings for the groups of the HTTP rules. */
export function addHttpFindings(finder: Finder): void {
  for (const group of finder.groups) {
    const { server, note, interfaceIndex, hasOldVxlan } = group;
    if (!server || (group.kind !== 'http-server-errors' && group.kind !== 'http-slow')) continue;
    const isSlow = group.kind === 'http-slow';
    const where = finder.endpoint(server);
    finder.add({
      kind: group.kind,
      severity: 'warning',
      what: isSlow
        ? `${where} took up to ${durationText(group.number('slowest'))} to answer: ${group.word('example')}`
        : `${where} answered ${pluralise(group.number('errors'), 'request')} of ${group.number('responses')} with a server error: ${group.word('example')}`,
      who: finder.whoOf(group),
      note,
      interfaceIndex,
      filter: `${serverFilter(group)} && ${isSlow ? 'http.time > 2' : 'http.response.code >= 500'}`,
      causes: isSlow
        ? ['the server is busy, or is waiting for another service']
        : [
            'the application failed: check its log at that time',
            'a proxy found no healthy backend (502, 503, 504)',
          ],
      hasOldVxlan,
      scope: group.scope,
    });
  }
}
