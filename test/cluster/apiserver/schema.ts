/**
 * Fields of the pod types in the order of the API server's internal Go structs, with Go-like types: `string`, `bool`,
 * `int`, `map`, `any`, a type of this table, `*T` (absent: null), `[]T`. The content of `any` is not checked.
 */
const TYPES = {
  Pod: 'kind string, apiVersion string, metadata any, spec PodSpec, status any',
  PodSpec:
    'volumes []any, initContainers []Container, containers []Container, ephemeralContainers []EphemeralContainer, restartPolicy string, terminationGracePeriodSeconds *int, activeDeadlineSeconds *int, dnsPolicy string, nodeSelector map, serviceAccountName string, serviceAccount string, automountServiceAccountToken *bool, nodeName string, hostNetwork bool, hostPID bool, hostIPC bool, shareProcessNamespace *bool, securityContext *PodSecurityContext, imagePullSecrets []any, hostname string, subdomain string, setHostnameAsFQDN *bool, hostUsers *bool, affinity *any, schedulerName string, tolerations []any, hostAliases []any, priorityClassName string, priority *int, preemptionPolicy *string, dnsConfig *any, readinessGates []any, runtimeClassName *string, overhead map, enableServiceLinks *bool, topologySpreadConstraints []any, os *any, schedulingGates []any, resourceClaims []any, resources *any, hostnameOverride *string',
  Container:
    'name string, image string, command []string, args []string, workingDir string, ports []any, envFrom []any, env []EnvVar, resources ResourceRequirements, resizePolicy []any, restartPolicy *string, restartPolicyRules []any, volumeMounts []VolumeMount, volumeDevices []any, livenessProbe *any, readinessProbe *any, startupProbe *any, lifecycle *any, terminationMessagePath string, terminationMessagePolicy string, imagePullPolicy string, securityContext *SecurityContext, stdin bool, stdinOnce bool, tty bool',
  EphemeralContainer: '...Container, targetContainerName string',
  EnvVar: 'name string, value string, valueFrom *any',
  VolumeMount:
    'name string, readOnly bool, recursiveReadOnly *string, mountPath string, subPath string, mountPropagation *string, subPathExpr string',
  ResourceRequirements: 'limits map, requests map, claims []any',
  SecurityContext:
    'capabilities *Capabilities, privileged *bool, seLinuxOptions *any, windowsOptions *any, runAsUser *int, runAsGroup *int, runAsNonRoot *bool, readOnlyRootFilesystem *bool, allowPrivilegeEscalation *bool, procMount *string, seccompProfile *SeccompProfile, appArmorProfile *any',
  PodSecurityContext:
    'seLinuxOptions *any, windowsOptions *any, runAsUser *int, runAsGroup *int, runAsNonRoot *bool, supplementalGroups []int, supplementalGroupsPolicy *string, fsGroup *int, fsGroupChangePolicy *string, sysctls []any, seccompProfile *SeccompProfile, appArmorProfile *any, seLinuxChangePolicy *string',
  SeccompProfile: 'type string, localhostProfile *string',
  Capabilities: 'add []string, drop []string',
} as const;

type TypeName = keyof typeof TYPES;

export interface Field {
  readonly name: string;
  readonly list: boolean;
  readonly pointer: boolean;
  /** A type of the table, or one of the basic ones. */
  readonly type: string;
}

const PARSED = new Map<string, readonly Field[]>();

/** The fields of a type of the table. Undefined for a basic type. */
export function fieldsOf(type: string): readonly Field[] | undefined {
  if (!isTypeName(type)) return undefined;
  const known = PARSED.get(type);
  if (known) return known;
  const fields = TYPES[type].split(', ').flatMap(parseField);
  PARSED.set(type, fields);
  return fields;
}

function parseField(text: string): readonly Field[] {
  if (text.startsWith('...')) return fieldsOf(text.slice(3)) ?? [];
  const [, name = '', mark, type = ''] = /^(\w+) (\*|\[\])?(\w+)$/.exec(text) ?? [];
  return [{ name, list: mark === '[]', pointer: mark === '*', type }];
}

function isTypeName(type: string): type is TypeName {
  return Object.hasOwn(TYPES, type);
}
