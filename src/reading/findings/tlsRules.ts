import { alertName, tlsVersionName } from '../../packets/tls.ts';
import type { Conversation } from '../conversation.ts';
import { pluralise } from '../timeText.ts';
import type { TlsAlert, TlsFacts } from '../tls/tlsFacts.ts';
import type { Finder, FindingGroup } from './finder.ts';
import type { FindingKind } from './finding.ts';
import { addGroupFindings, type GroupWording } from './groupFindings.ts';

const FATAL = 2;
const PROTOCOL_VERSION = 70;
/** Alerts about certificates: bad, unsupported, revoked, expired, unknown, unknown CA, required. */
const CERTIFICATE_ALERTS: ReadonlySet<number> = new Set([42, 43, 44, 45, 46, 48, 116]);

/** Checks the handshake of a TLS connection. `captured` is its time in milliseconds since 1970. */
export function checkTls(
  finder: Finder,
  conversation: Conversation,
  tls: TlsFacts,
  captured: number,
): void {
  const fatal = tls.alerts.find(({ level, description }) => level === FATAL && description !== 0);
  if (fatal) checkAlert(finder, conversation, tls, fatal);
  else if (tls.isIncomplete) add(finder, 'tls-hello-incomplete', conversation, tls);
  else if (tls.clientHelloPacket > 0 && tls.serverHelloPacket === 0 && hasFailedEnd(conversation)) {
    const group = add(finder, 'tls-handshake-reset', conversation, tls);
    group?.words.set('versions', tls.offeredVersions.map(tlsVersionName).join(', '));
  }
  const { certificate } = tls;
  if (!certificate || Number.isNaN(certificate.notAfter)) return;
  if (captured > certificate.notAfter || captured < certificate.notBefore) {
    const group = add(finder, 'tls-certificate-expired', conversation, tls);
    const isOver = captured > certificate.notAfter;
    const when = new Date(isOver ? certificate.notAfter : certificate.notBefore).toISOString();
    group?.words.set(
      'validity',
      `${isOver ? 'expired on' : 'is not valid before'} ${when.slice(0, 10)}`,
    );
    group?.words.set('subject', certificate.subject);
  }
}

function hasFailedEnd({ tcp }: Conversation): boolean {
  return tcp !== undefined && (tcp.reset !== undefined || tcp.server.fins > 0);
}

function checkAlert(
  finder: Finder,
  conversation: Conversation,
  tls: TlsFacts,
  alert: TlsAlert,
): void {
  const { description, byClient } = alert;
  const kind =
    description === PROTOCOL_VERSION
      ? 'tls-version-mismatch'
      : CERTIFICATE_ALERTS.has(description)
        ? 'tls-certificate-rejected'
        : 'tls-alert';
  const group = add(finder, kind, conversation, tls, `${description} ${byClient}`, alert);
  if (!group) return;
  group.words.set('alert', alertName(description));
  group.words.set('by', byClient ? 'client' : 'server');
  group.words.set('versions', tls.offeredVersions.map(tlsVersionName).join(', '));
  if (tls.certificate) group.words.set('subject', tls.certificate.subject);
}

function add(
  finder: Finder,
  kind: FindingKind,
  conversation: Conversation,
  tls: TlsFacts,
  distinction = '',
  alert?: TlsAlert,
): FindingGroup | undefined {
  const group = finder.group(kind, conversation, distinction);
  group?.note.add(
    alert?.packet ?? (tls.clientHelloPacket || tls.serverHelloPacket),
    alert?.time ?? (tls.clientHelloPacket > 0 ? tls.clientHelloTime : tls.serverHelloTime),
  );
  if (tls.serverName !== undefined) group?.words.set('name', tls.serverName);
  return group;
}

const WORDINGS: Partial<Record<FindingKind, GroupWording>> = {
  'tls-version-mismatch': {
    severity: 'error',
    what: (group, server) =>
      `the ${group.word('by')} of ${pluralise(group.conversations, 'TLS connection')} with ${serverNameText(group, server)} does not accept the TLS version of the other end (the client offers ${group.word('versions') || 'versions that are not in this file'})`,
    filter: 'tls.alert_message.desc == 70',
    causes: [
      'one end requires TLS 1.2 or 1.3 but the other only supports older versions: an old client library or a hardened server',
      'a proxy in between terminates TLS with its own settings',
    ],
  },
  'tls-certificate-rejected': {
    severity: 'error',
    what: (group, server) =>
      `the ${group.word('by')} rejects the certificate of ${pluralise(group.conversations, 'TLS connection')} with ${serverNameText(group, server)}: ${group.word('alert')}${group.word('subject') && ` (${group.word('subject')})`}`,
    filter: 'tls.alert_message',
    causes: [
      'the certificate is signed by an authority that the other end does not trust: a missing CA bundle',
      'it has expired, or was issued for another name',
      'a client certificate is required (mutual TLS) and missing or not accepted',
    ],
  },
  'tls-alert': {
    severity: 'error',
    what: (group, server) =>
      `the ${group.word('by')} ended ${pluralise(group.conversations, 'TLS handshake')} with ${serverNameText(group, server)}: ${group.word('alert')}`,
    filter: 'tls.alert_message',
    causes: [
      'the two ends have no common cipher, curve or protocol (handshake failure, no application protocol)',
      'the server has no certificate for that name (unrecognized name)',
    ],
  },
  'tls-handshake-reset': {
    severity: 'error',
    what: (group, server) =>
      `${pluralise(group.conversations, 'TLS handshake')} with ${serverNameText(group, server)} ended without an answer to the ClientHello: the connection was closed`,
    filter: 'tls.handshake.type == 1',
    causes: [
      'the port does not use TLS: a plain-text server, or a proxy that expects another protocol',
      'something in between forbids the server name, or cannot handle a ClientHello in two segments (post-quantum keys)',
    ],
  },
  'tls-certificate-expired': {
    severity: 'error',
    what: (group, server) =>
      `the certificate of ${serverNameText(group, server)} ${group.word('validity')} (${group.word('subject')})`,
    filter: 'tls.handshake.type == 11',
    causes: [
      'it was not renewed, or the renewed certificate was not loaded',
      'the clock of the recording node is wrong',
    ],
  },
  'tls-hello-incomplete': {
    severity: 'info',
    what: (group, server) =>
      `the hello of ${pluralise(group.conversations, 'TLS connection')} with ${serverNameText(group, server)} is incomplete in this file: names and versions may be missing`,
    filter: 'tls.handshake.type == 1',
    causes: [
      'packets were truncated by the snap length (-s), lost, or recorded with a filter that only matches the first segment',
    ],
  },
};

function serverNameText(group: FindingGroup, server: string): string {
  const name = group.word('name');
  return name === '' ? server : `${server} for "${name}"`;
}

/** Adds the findings for the groups of the TLS rules. */
export function addTlsFindings(finder: Finder): void {
  addGroupFindings(finder, WORDINGS);
}
