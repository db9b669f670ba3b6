import { type JsonObject, objectAt, objectsAt, stringAt, stringsAt } from './json.ts';
import {
  appArmorProfile,
  hostProbes,
  seLinuxOptions,
  sysctls,
  windowsHostProcess,
} from './podSecurityRareChecks.ts';
import {
  type Check,
  containersWhere,
  named,
  quoted,
  security,
  type Violation,
  violation,
} from './podSecurityWords.ts';
import { allContainers } from './podSpec.ts';

// The rules and messages of k8s.io/pod-security-admission/policy.

export type Level = 'baseline' | 'restricted';

export function isLevel(text: string | undefined): text is Level {
  return text === 'baseline' || text === 'restricted';
}

/** The violations of the level by a pod with this spec, in Kubernetes' order. */
export function violations(level: Level, spec: JsonObject): Violation[] {
  return CHECKS[level].map((check) => check(spec)).filter((violation) => violation !== undefined);
}

const DEFAULT_CAPABILITIES = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD'],
  ...['NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);

const UNRESTRICTED_VOLUMES = new Set([
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim'],
  ...['projected', 'secret', 'image'],
]);

const hostNamespaces: Check = (spec) => {
  const set = ['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field] === true);
  return violation('host namespaces', set.map((field) => `${field}=true`).join(', '));
};

const hostPathVolumes: Check = (spec) => {
  const bad = objectsAt(spec.volumes).filter((volume) => volume.hostPath);
  return violation(
    'hostPath volumes',
    named(
      'volume',
      bad.map((volume) => stringAt(volume.name)),
    ),
  );
};

const hostPorts: Check = (spec) => {
  const hostPortsOf = (container: JsonObject) =>
    objectsAt(container.ports)
      .map((port) => Number(port.hostPort ?? 0))
      .filter((port) => port !== 0);
  const names = containersWhere(spec, (container) => hostPortsOf(container).length > 0);
  const ports = [...new Set(allContainers(spec).flatMap(hostPortsOf))].sort((a, b) => a - b);
  const uses = names.length > 1 ? 'use' : 'uses';
  return violation(
    'hostPort',
    names.length > 0 &&
      `${named('container', names)} ${uses} hostPort${ports.length > 1 ? 's' : ''} ${ports.join(', ')}`,
  );
};

const privileged: Check = (spec) => {
  const bad = containersWhere(spec, (container) => security(container).privileged === true);
  const who = named('container', bad);
  return violation('privileged', who && `${who} must not set securityContext.privileged=true`);
};

const procMount: Check = (spec) => {
  const mountOf = (container: JsonObject) => stringAt(security(container).procMount);
  const bad = containersWhere(spec, (container) => !['', 'Default'].includes(mountOf(container)));
  const kinds = [...new Set(allContainers(spec).map(mountOf))].filter(
    (kind) => !['', 'Default'].includes(kind),
  );
  const who = named('container', bad);
  return violation(
    'procMount',
    who && `${who} must not set securityContext.procMount to ${quoted(kinds.sort())}`,
  );
};

function addedBeyond(
  spec: JsonObject,
  allowed: ReadonlySet<string>,
): { names: string[]; detail: string | undefined } {
  const extra = (container: JsonObject) =>
    stringsAt(objectAt(security(container).capabilities).add).filter((name) => !allowed.has(name));
  const names = containersWhere(spec, (container) => extra(container).length > 0);
  const capabilities = [...new Set(allContainers(spec).flatMap(extra))].sort();
  const who = named('container', names);
  return {
    names,
    detail:
      who && `${who} must not include ${quoted(capabilities)} in securityContext.capabilities.add`,
  };
}

const defaultCapabilities: Check = (spec) =>
  violation('non-default capabilities', addedBeyond(spec, DEFAULT_CAPABILITIES).detail);

const restrictedCapabilities: Check = (spec) => {
  const keep = containersWhere(
    spec,
    (container) => !stringsAt(objectAt(security(container).capabilities).drop).includes('ALL'),
  );
  const who = named('container', keep);
  const added = addedBeyond(spec, new Set(['NET_BIND_SERVICE'])).detail;
  const details = [who && `${who} must set securityContext.capabilities.drop=["ALL"]`, added];
  return violation('unrestricted capabilities', details.filter(Boolean).join('; '));
};

const allowPrivilegeEscalation: Check = (spec) => {
  const bad = containersWhere(
    spec,
    (container) => security(container).allowPrivilegeEscalation !== false,
  );
  const who = named('container', bad);
  return violation(
    'allowPrivilegeEscalation != false',
    who && `${who} must set securityContext.allowPrivilegeEscalation=false`,
  );
};

const restrictedVolumes: Check = (spec) => {
  const bad = objectsAt(spec.volumes).flatMap((volume) => {
    const type = Object.keys(volume).find((field) => field !== 'name');
    return type && !UNRESTRICTED_VOLUMES.has(type) ? [{ name: stringAt(volume.name), type }] : [];
  });
  const who = named(
    'volume',
    bad.map(({ name }) => name),
  );
  const types = [...new Set(bad.map(({ type }) => type))].sort();
  const uses = bad.length > 1 ? 'use' : 'uses';
  return violation(
    'restricted volume types',
    who && `${who} ${uses} ${named('restricted volume type', types)}`,
  );
};

const runAsNonRoot: Check = (spec) => {
  const ofPod = objectAt(spec.securityContext).runAsNonRoot;
  const explicit = containersWhere(spec, (container) => security(container).runAsNonRoot === false);
  const implicit = containersWhere(
    spec,
    (container) => security(container).runAsNonRoot === undefined && ofPod !== true,
  );
  const setters = [ofPod === false && 'pod', named('container', explicit)].filter(Boolean);
  if (setters.length > 0) {
    const detail = `${setters.join(' and ')} must not set securityContext.runAsNonRoot=false`;
    return violation('runAsNonRoot != true', detail);
  }
  const who = named('container', implicit);
  return violation(
    'runAsNonRoot != true',
    who && `pod or ${who} must set securityContext.runAsNonRoot=true`,
  );
};

const runAsUser: Check = (spec) => {
  const explicit = containersWhere(spec, (container) => security(container).runAsUser === 0);
  const setters = [
    objectAt(spec.securityContext).runAsUser === 0 && 'pod',
    named('container', explicit),
  ].filter(Boolean);
  return violation(
    'runAsUser=0',
    setters.length > 0 && `${setters.join(' and ')} must not set runAsUser=0`,
  );
};

function seccompType(context: unknown): string {
  return stringAt(objectAt(objectAt(context).seccompProfile).type);
}

function unconfinedSetters(spec: JsonObject): (string | false | undefined)[] {
  const explicit = containersWhere(
    spec,
    (container) => seccompType(container.securityContext) === 'Unconfined',
  );
  return [
    seccompType(spec.securityContext) === 'Unconfined' && 'pod',
    named('container', explicit),
  ].filter(Boolean);
}

const MUST_NOT_BE_UNCONFINED = 'must not set securityContext.seccompProfile.type to "Unconfined"';

const seccompBaseline: Check = (spec) => {
  const setters = unconfinedSetters(spec);
  return violation(
    'seccompProfile',
    setters.length > 0 && `${setters.join(' and ')} ${MUST_NOT_BE_UNCONFINED}`,
  );
};

const seccompRestricted: Check = (spec) => {
  const explicit = seccompBaseline(spec);
  if (explicit) return explicit;
  const ofPod = seccompType(spec.securityContext);
  const implicit = containersWhere(
    spec,
    (container) => !seccompType(container.securityContext) && !ofPod,
  );
  const who = named('container', implicit);
  return violation(
    'seccompProfile',
    who &&
      `pod or ${who} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  );
};

const CHECKS: Readonly<Record<Level, readonly Check[]>> = {
  baseline: [
    ...[appArmorProfile, defaultCapabilities, hostNamespaces, hostPathVolumes, hostPorts],
    ...[hostProbes, privileged, procMount, seLinuxOptions, seccompBaseline, sysctls],
    windowsHostProcess,
  ],
  restricted: [
    ...[appArmorProfile, hostNamespaces, hostPorts, hostProbes, privileged, procMount],
    ...[seLinuxOptions, sysctls, windowsHostProcess, allowPrivilegeEscalation],
    ...[restrictedCapabilities, restrictedVolumes, runAsNonRoot, runAsUser, seccompRestricted],
  ],
};
