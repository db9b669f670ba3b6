import { type JsonObject, objectAt, objectsAt, stringAt } from './json.ts';
import {
  type Check,
  containersWhere,
  named,
  quoted,
  security,
  violation,
} from './podSecurityWords.ts';
import { allContainers } from './podSpec.ts';

const SAFE_SYSCTLS = new Set([
  ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies'],
  ...['net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start'],
  ...['net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_keepalive_time'],
  ...['net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes'],
  ...['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'],
]);
const SE_LINUX_TYPES = new Set([
  ...['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'],
]);

/** Names the pod or those of its containers to which the condition applies. */
function setters(spec: JsonObject, bad: (context: JsonObject) => boolean): string | undefined {
  const containers = containersWhere(spec, (container) => bad(security(container)));
  const all = [bad(objectAt(spec.securityContext)) && 'pod', named('container', containers)];
  return all.filter(Boolean).join(' and ') || undefined;
}

export const appArmorProfile: Check = (spec) => {
  const typeOf = (context: JsonObject) => stringAt(objectAt(context.appArmorProfile).type);
  const who = setters(spec, (context) => typeOf(context) === 'Unconfined');
  return violation(
    'forbidden AppArmor profile',
    who && `${who} must not set AppArmor profile type to "Unconfined"`,
  );
};

export const hostProbes: Check = (spec) => {
  const hostsOf = (container: JsonObject) => {
    const hooks = objectAt(container.lifecycle);
    const handlers = [
      ...[container.livenessProbe, container.readinessProbe, container.startupProbe],
      ...[hooks.postStart, hooks.preStop],
    ];
    return handlers.flatMap((handler) =>
      ['httpGet', 'tcpSocket'].map((kind) => stringAt(objectAt(objectAt(handler)[kind]).host)),
    );
  };
  const isElsewhere = (host: string) => !['', '127.0.0.1', '::1'].includes(host);
  const who = named(
    'container',
    containersWhere(spec, (container) => hostsOf(container).some(isElsewhere)),
  );
  const hosts = [...new Set(allContainers(spec).flatMap(hostsOf).filter(isElsewhere))].sort();
  const uses = hosts.length > 1 ? 'hosts' : 'host';
  return violation(
    'probe or lifecycle host',
    who && `${who} uses probe or lifecycle ${uses} ${hosts.join(', ')}`,
  );
};

export const seLinuxOptions: Check = (spec) => {
  const optionsOf = (context: JsonObject) => objectAt(context.seLinuxOptions);
  const isOdd = (context: JsonObject) => {
    const { type, user, role } = optionsOf(context);
    return !SE_LINUX_TYPES.has(stringAt(type)) || stringAt(user) !== '' || stringAt(role) !== '';
  };
  const who = setters(spec, isOdd);
  if (!who) return undefined;
  const contexts = [objectAt(spec.securityContext), ...allContainers(spec).map(security)];
  const all = contexts.filter(isOdd).map(optionsOf);
  const types = [...new Set(all.map(({ type }) => stringAt(type)))].filter(
    (type) => !SE_LINUX_TYPES.has(type),
  );
  const set = [
    ...(types.length > 0 ? [`${types.length > 1 ? 'types' : 'type'} ${quoted(types.sort())}`] : []),
    ...(all.some(({ user }) => stringAt(user) !== '') ? ['user may not be set'] : []),
    ...(all.some(({ role }) => stringAt(role) !== '') ? ['role may not be set'] : []),
  ];
  return violation(
    'seLinuxOptions',
    `${who} set forbidden securityContext.seLinuxOptions: ${set.join('; ')}`,
  );
};

export const sysctls: Check = (spec) => {
  const names = objectsAt(objectAt(spec.securityContext).sysctls).map(({ name }) => stringAt(name));
  const bad = names.filter((name) => !SAFE_SYSCTLS.has(name));
  return violation('forbidden sysctls', bad.length > 0 && bad.join(', '));
};

export const windowsHostProcess: Check = (spec) => {
  const who = setters(spec, (context) => objectAt(context.windowsOptions).hostProcess === true);
  return violation(
    'hostProcess',
    who && `${who} must not set securityContext.windowsOptions.hostProcess=true`,
  );
};
