/** Why an admission plugin of the API server refused a request. */
export interface Denial {
  readonly by: 'webhook' | 'policy' | 'pod-security' | 'openshift' | 'quota';
  /** The name of the webhook, the ValidatingAdmissionPolicy or the quota. */
  readonly name?: string;
  /** The binding of a ValidatingAdmissionPolicy. */
  readonly binding?: string;
  /** The plugin's own message: one or more lines, none of them blank. */
  readonly text: string;
}

/** k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go */
const WEBHOOK =
  /admission webhook "([^"]+)" denied the request(?:: | without explanation|$)([\s\S]*)$/;
/** k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go */
const POLICY =
  /ValidatingAdmissionPolicy '([^']+)'(?: with binding '([^']+)')? denied request: ?([\s\S]*)$/;
/** k8s.io/pod-security-admission/admission/admission.go; its webhook says the same. */
const POD_SECURITY = /violates PodSecurity "[\s\S]*$/;
const POD_SECURITY_WEBHOOK = 'pod-security-webhook.kubernetes.io';
/** github.com/openshift/apiserver-library-go/pkg/securitycontextconstraints */
const OPENSHIFT = /unable to validate against any security context constraint[\s\S]*$/i;
/** k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go */
const QUOTA = /(?:exceeded|failed|insufficient) quota: ([^,:\s]+)[\s\S]*$/;

/**
 * Recognizes a refusal by its text. Its HTTP status does not help: the API server passes on what a policy set (a
 * webhook without a code gives 400, a ValidatingAdmissionPolicy 422). Returns undefined for any other message.
 */
export function parseDenial(serverMessage: string): Denial | undefined {
  // Messages that quote others come first: a policy may use the words of Pod Security.
  const [, webhook, webhookText = ''] = WEBHOOK.exec(serverMessage) ?? [];
  if (webhook === POD_SECURITY_WEBHOOK)
    return { by: 'pod-security', text: withoutBlankLines(webhookText) };
  if (webhook !== undefined)
    return { by: 'webhook', name: webhook, text: withoutBlankLines(webhookText) };
  const [, policy, binding, reason = ''] = POLICY.exec(serverMessage) ?? [];
  if (policy !== undefined)
    return {
      by: 'policy',
      name: policy,
      ...(binding && { binding }),
      text: withoutBlankLines(reason),
    };
  const [podSecurityText] = POD_SECURITY.exec(serverMessage) ?? [];
  if (podSecurityText !== undefined)
    return { by: 'pod-security', text: withoutBlankLines(podSecurityText) };
  const [openshiftText] = OPENSHIFT.exec(serverMessage) ?? [];
  if (openshiftText !== undefined)
    return { by: 'openshift', text: withoutBlankLines(openshiftText) };
  const [quotaText, quota] = QUOTA.exec(serverMessage) ?? [];
  if (quotaText !== undefined && quota !== undefined)
    return { by: 'quota', name: quota, text: withoutBlankLines(quotaText) };
  return undefined;
}

export function isDenial(serverMessage: string): boolean {
  return parseDenial(serverMessage) !== undefined;
}

/** The webhook that the API server could not call, and the error. Undefined for any other message. */
export function unreachableWebhook(
  serverMessage: string,
): { readonly name: string; readonly text: string } | undefined {
  const [, name, text = ''] =
    /failed calling webhook "([^"]+)": ([\s\S]*)$/.exec(serverMessage) ?? [];
  return name === undefined ? undefined : { name, text: withoutBlankLines(text) };
}

/** Policies print lists with blank lines around them. */
function withoutBlankLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n')
    .trim();
}
