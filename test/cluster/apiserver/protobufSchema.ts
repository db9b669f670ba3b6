/**
 * Field numbers of the Kubernetes messages that kubectl 1.32 and newer sends in protobuf form, from
 * the generated.proto files of k8s.io/api. Fields that kubectl never sends are omitted, and ignored.
 *
 * `NUMBER NAME TYPE`, where TYPE is string, bool, int, map (of strings), bytesMap, Quantities (a
 * map), Quantity, IntOrString or a message of this table.
 * `[]T` is a list. `*T` is a Go pointer: only then does a zero value mean more than an absent one.
 * `^T` is a message whose fields stand in the object itself in JSON.
 */
const MESSAGES = {
  ObjectMeta:
    '1 name string, 2 generateName string, 3 namespace string, 5 uid string, 6 resourceVersion string, 11 labels map, 12 annotations map, 13 ownerReferences []OwnerReference, 14 finalizers []string',
  OwnerReference:
    '5 apiVersion string, 1 kind string, 3 name string, 4 uid string, 6 controller *bool, 7 blockOwnerDeletion *bool',
  LabelSelector: '1 matchLabels map, 2 matchExpressions []Requirement',
  Requirement: '1 key string, 2 operator string, 3 values []string',
  DeleteOptions: '1 gracePeriodSeconds *int, 2 preconditions Preconditions, 5 dryRun []string',
  Preconditions: '1 uid string, 2 resourceVersion string',

  Namespace: '1 metadata ObjectMeta',
  ServiceAccount:
    '1 metadata ObjectMeta, 3 imagePullSecrets []Reference, 4 automountServiceAccountToken *bool',
  Reference: '1 name string',
  ConfigMap: '1 metadata ObjectMeta, 4 immutable *bool, 2 data map, 3 binaryData bytesMap',
  Secret:
    '1 metadata ObjectMeta, 5 immutable *bool, 2 data bytesMap, 4 stringData map, 3 type string',
  ResourceQuota: '1 metadata ObjectMeta, 2 spec ResourceQuotaSpec',
  ResourceQuotaSpec: '1 hard Quantities, 2 scopes []string',
  Service: '1 metadata ObjectMeta, 2 spec ServiceSpec',
  ServiceSpec:
    '1 ports []ServicePort, 2 selector map, 3 clusterIP string, 18 clusterIPs []string, 4 type string, 5 externalIPs []string, 7 sessionAffinity string, 10 externalName string, 13 publishNotReadyAddresses bool',
  ServicePort:
    '1 name string, 2 protocol string, 6 appProtocol *string, 3 port int, 4 targetPort IntOrString, 5 nodePort int',

  Deployment: '1 metadata ObjectMeta, 2 spec DeploymentSpec',
  DeploymentSpec:
    '1 replicas *int, 2 selector LabelSelector, 3 template PodTemplate, 4 strategy DeploymentStrategy, 5 minReadySeconds int, 6 revisionHistoryLimit *int, 7 paused bool, 9 progressDeadlineSeconds *int',
  DeploymentStrategy: '1 type string',
  PodTemplate: '1 metadata ObjectMeta, 2 spec PodSpec',
  Job: '1 metadata ObjectMeta, 2 spec JobSpec',
  JobSpec:
    '1 parallelism *int, 2 completions *int, 3 activeDeadlineSeconds *int, 7 backoffLimit *int, 4 selector LabelSelector, 5 manualSelector *bool, 6 template PodTemplate, 8 ttlSecondsAfterFinished *int, 10 suspend *bool',
  CronJob: '1 metadata ObjectMeta, 2 spec CronJobSpec',
  CronJobSpec:
    '1 schedule string, 2 startingDeadlineSeconds *int, 3 concurrencyPolicy string, 4 suspend *bool, 5 jobTemplate JobTemplate',
  JobTemplate: '1 metadata ObjectMeta, 2 spec JobSpec',

  Role: '1 metadata ObjectMeta, 2 rules []PolicyRule',
  ClusterRole: '1 metadata ObjectMeta, 2 rules []PolicyRule',
  PolicyRule:
    '1 verbs []string, 2 apiGroups []string, 3 resources []string, 4 resourceNames []string, 5 nonResourceURLs []string',
  RoleBinding: '1 metadata ObjectMeta, 2 subjects []Subject, 3 roleRef RoleRef',
  ClusterRoleBinding: '1 metadata ObjectMeta, 2 subjects []Subject, 3 roleRef RoleRef',
  Subject: '1 kind string, 2 apiGroup string, 3 name string, 4 namespace string',
  RoleRef: '1 apiGroup string, 2 kind string, 3 name string',

  TokenRequest: '1 metadata ObjectMeta, 2 spec TokenRequestSpec',
  TokenRequestSpec: '1 audiences []string, 4 expirationSeconds *int',
  SelfSubjectReview: '1 metadata ObjectMeta',
  SelfSubjectAccessReview: '2 spec SelfSubjectAccessReviewSpec',
  SelfSubjectAccessReviewSpec:
    '1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes',
  ResourceAttributes:
    '1 namespace string, 2 verb string, 3 group string, 4 version string, 5 resource string, 6 subresource string, 7 name string',
  NonResourceAttributes: '1 path string, 2 verb string',
  SelfSubjectRulesReview: '2 spec SelfSubjectRulesReviewSpec',
  SelfSubjectRulesReviewSpec: '1 namespace string',
  Eviction: '1 metadata ObjectMeta, 2 deleteOptions DeleteOptions',

  Pod: '1 metadata ObjectMeta, 2 spec PodSpec',
  PodSpec:
    '1 volumes []Volume, 20 initContainers []Container, 2 containers []Container, 34 ephemeralContainers []EphemeralContainer, 3 restartPolicy string, 4 terminationGracePeriodSeconds *int, 5 activeDeadlineSeconds *int, 6 dnsPolicy string, 7 nodeSelector map, 8 serviceAccountName string, 9 serviceAccount string, 21 automountServiceAccountToken *bool, 10 nodeName string, 11 hostNetwork bool, 12 hostPID bool, 13 hostIPC bool, 27 shareProcessNamespace *bool, 14 securityContext PodSecurityContext, 15 imagePullSecrets []Reference, 16 hostname string, 17 subdomain string, 19 schedulerName string, 22 tolerations []Toleration, 23 hostAliases []HostAlias, 24 priorityClassName string, 25 priority *int, 29 runtimeClassName *string, 30 enableServiceLinks *bool, 31 preemptionPolicy *string, 36 os Reference, 37 hostUsers *bool',
  Volume: '1 name string, 2 volumeSource ^VolumeSource',
  VolumeSource:
    '1 hostPath HostPath, 2 emptyDir EmptyDir, 6 secret SecretVolume, 19 configMap ConfigMapVolume, 26 projected Projected',
  HostPath: '1 path string, 2 type *string',
  EmptyDir: '1 medium string, 2 sizeLimit Quantity',
  SecretVolume: '1 secretName string, 2 items []KeyToPath, 3 defaultMode *int, 4 optional *bool',
  ConfigMapVolume:
    '1 reference ^Reference, 2 items []KeyToPath, 3 defaultMode *int, 4 optional *bool',
  KeyToPath: '1 key string, 2 path string, 3 mode *int',
  Projected: '1 sources []Projection, 2 defaultMode *int',
  Projection:
    '1 secret ConfigMapVolume, 2 downwardAPI DownwardApi, 3 configMap ConfigMapVolume, 4 serviceAccountToken TokenProjection',
  DownwardApi: '1 items []DownwardApiFile',
  DownwardApiFile: '1 path string, 2 fieldRef FieldSelector, 4 mode *int',
  TokenProjection: '1 audience string, 2 expirationSeconds *int, 3 path string',
  Container:
    '1 name string, 2 image string, 3 command []string, 4 args []string, 5 workingDir string, 6 ports []ContainerPort, 19 envFrom []EnvFrom, 7 env []EnvVar, 8 resources Resources, 24 restartPolicy *string, 9 volumeMounts []VolumeMount, 10 livenessProbe Probe, 11 readinessProbe Probe, 22 startupProbe Probe, 13 terminationMessagePath string, 20 terminationMessagePolicy string, 14 imagePullPolicy string, 15 securityContext SecurityContext, 16 stdin bool, 17 stdinOnce bool, 18 tty bool',
  EphemeralContainer: '1 common ^Container, 2 targetContainerName string',
  ContainerPort:
    '1 name string, 2 hostPort int, 3 containerPort int, 4 protocol string, 5 hostIP string',
  EnvFrom: '1 prefix string, 2 configMapRef EnvSource, 3 secretRef EnvSource',
  EnvSource: '1 reference ^Reference, 2 optional *bool',
  EnvVar: '1 name string, 2 value string, 3 valueFrom EnvVarSource',
  EnvVarSource:
    '1 fieldRef FieldSelector, 2 resourceFieldRef ResourceFieldSelector, 3 configMapKeyRef KeySelector, 4 secretKeyRef KeySelector',
  FieldSelector: '1 apiVersion string, 2 fieldPath string',
  ResourceFieldSelector: '1 containerName string, 2 resource string, 3 divisor Quantity',
  KeySelector: '1 reference ^Reference, 2 key string, 3 optional *bool',
  Resources: '1 limits Quantities, 2 requests Quantities',
  VolumeMount:
    '1 name string, 2 readOnly bool, 3 mountPath string, 4 subPath string, 5 mountPropagation *string, 6 subPathExpr string, 7 recursiveReadOnly *string',
  Probe:
    '1 handler ^ProbeHandler, 2 initialDelaySeconds int, 3 timeoutSeconds int, 4 periodSeconds int, 5 successThreshold int, 6 failureThreshold int, 7 terminationGracePeriodSeconds *int',
  ProbeHandler: '1 exec ExecAction, 2 httpGet HttpGet, 3 tcpSocket TcpSocket',
  ExecAction: '1 command []string',
  HttpGet: '1 path string, 2 port IntOrString, 3 host string, 4 scheme string',
  TcpSocket: '1 port IntOrString, 2 host string',
  SecurityContext:
    '1 capabilities Capabilities, 2 privileged *bool, 4 runAsUser *int, 8 runAsGroup *int, 5 runAsNonRoot *bool, 6 readOnlyRootFilesystem *bool, 7 allowPrivilegeEscalation *bool, 9 procMount *string, 11 seccompProfile SeccompProfile',
  Capabilities: '1 add []string, 2 drop []string',
  SeccompProfile: '1 type string, 2 localhostProfile *string',
  PodSecurityContext:
    '2 runAsUser *int, 6 runAsGroup *int, 3 runAsNonRoot *bool, 4 supplementalGroups []int, 5 fsGroup *int, 7 sysctls []Sysctl, 9 fsGroupChangePolicy *string, 10 seccompProfile SeccompProfile',
  Sysctl: '1 name string, 2 value string',
  Toleration:
    '1 key string, 2 operator string, 3 value string, 4 effect string, 5 tolerationSeconds *int',
  HostAlias: '1 ip string, 2 hostnames []string',
} as const;

export interface MessageField {
  readonly name: string;
  readonly mark: '' | '[]' | '*' | '^';
  readonly type: string;
}

const PARSED = new Map<string, ReadonlyMap<number, MessageField>>();

/** The fields of a message by number. Undefined if the table does not contain the message. */
export function messageFields(type: string): ReadonlyMap<number, MessageField> | undefined {
  if (!isMessage(type)) return undefined;
  const known = PARSED.get(type);
  if (known) return known;
  const fields = new Map(MESSAGES[type].split(', ').map(parseField));
  PARSED.set(type, fields);
  return fields;
}

function parseField(text: string): [number, MessageField] {
  const [, number, name = '', mark = '', type = ''] =
    /^(\d+) (\w+) (\[\]|\*|\^)?(\w+)$/.exec(text) ?? [];
  return [Number(number), { name, mark: mark as MessageField['mark'], type }];
}

function isMessage(type: string): type is keyof typeof MESSAGES {
  return Object.hasOwn(MESSAGES, type);
}
