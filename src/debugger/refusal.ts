import { type Denial, parseDenial, unreachableWebhook } from '../kube/admission.ts';
import { ApiError, NonStatusError } from '../kube/apiError.ts';

/** A request that the API server refused, and why. */
export interface Refusal {
  /**
   * - rights: RBAC
   * - webhook, policy: an admission policy of the cluster
   * - unreachable: a required admission webhook does not answer
   * - static: the pod is a static pod
   * - other: an unknown message
   */
  readonly by: Denial['by'] | 'rights' | 'unreachable' | 'static' | 'other';
  /** Who denied the request, and the message; absent if `error` contains everything. */
  readonly denial?: Pick<Denial, 'name' | 'binding' | 'text'>;
  readonly error: ApiError;
}

/** The server gives no reason if its second check fails; `exec` adds the missing permission. */
const RIGHTS = / cannot \w+ resource | is forbidden: *(you may not .*)?$/;

/**
 * Recognizes a refusal by its text, because a policy may set any HTTP status. Returns undefined for other errors: a
 * server in trouble, a conflict, a missing object, or a response from something else.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const { code, serverMessage } = error;
  const denial = parseDenial(serverMessage);
  if (denial) return { by: denial.by, denial, error };
  const webhook = unreachableWebhook(serverMessage);
  if (webhook) return { by: 'unreachable', denial: webhook, error };
  if (serverMessage.includes('static pods do not support')) return { by: 'static', error };
  if (error instanceof NonStatusError || code === 401 || code === 404 || isUnsure(error))
    return undefined;
  return { by: code === 403 && RIGHTS.test(serverMessage) ? 'rights' : 'other', error };
}

/** For an error that is not a refusal: whether the same request may end differently another time. */
export function isUnsure({ code, serverMessage }: ApiError): boolean {
  return (
    [408, 409, 429].includes(code) ||
    code >= 500 ||
    serverMessage.includes('does not support dry run')
  );
}

/** Says who refused a request and why, in the API server's words where they are clear. */
export function refusalText({ by, denial, error }: Refusal): string {
  const { name, binding, text = '' } = denial ?? {};
  const reason = text === '' ? 'without explanation' : text;
  switch (by) {
    case 'webhook':
      return `admission webhook "${name}" denied the request: ${reason}`;
    case 'policy': {
      const bound = binding === undefined ? '' : ` with binding "${binding}"`;
      return `ValidatingAdmissionPolicy "${name}"${bound} denied the request: ${reason}`;
    }
    case 'unreachable':
      return `the API server cannot call admission webhook "${name}", which must allow the request: ${reason}`;
    default:
      return error.message;
  }
}
