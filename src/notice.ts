/**
 * The class of a notice. Like the kinds of problems, these words are stable: tests check them, and traces
 * (--trace-timing) contain them.
 */
export type NoticeKind =
  /** A setting of the kubeconfig is ignored, or a file that it names is missing. */
  | 'configuration'
  /** The login has expired and was not renewed; netdebug tries again. */
  | 'login-lost'
  /** A filter or flag is valid, but easily misread. */
  | 'hint'
  /** The filter that results from the presets or peers. */
  | 'filter'
  /** A matching pod is skipped, because it is not running or the limit is reached. */
  | 'target-skipped'
  /** A target fails while others continue. The problem has a kind of its own. */
  | 'target-failed'
  /** The recording of one of several targets ends while others continue. */
  | 'target-ended'
  /** A pod joins a running capture. */
  | 'target-joined'
  /** The first packets of a pod that joined are not captured. */
  | 'first-packets-missed'
  /** A client of a captured pod is not a pod, or cannot be looked up. */
  | 'client-unknown'
  /** New addresses of peers are captured too. */
  | 'addresses-added'
  /** New addresses of peers are not captured. */
  | 'addresses-fixed'
  /** New pods, addresses or clients are no longer found. */
  | 'joining-ended'
  /** Only the API server is queried, or only one container is shown, because there are several. */
  | 'narrowed'
  /** The pod uses the network of its node. */
  | 'node-network'
  /** The debugger does not have the capabilities that it would normally have. */
  | 'fewer-capabilities'
  /** A pod on the node is used instead of an ephemeral container. */
  | 'node-debugger'
  /** The pod is in a virtual machine or a sandbox, which hides part of its network. */
  | 'sandboxed'
  /** The node does not react to the request to start a debugger. */
  | 'node-silent'
  /** A long wait continues. */
  | 'waiting'
  /** Packets are being captured. */
  | 'capturing'
  /** Packets are streamed directly, without a spool in the pod. */
  | 'no-spool'
  /** The connection is lost while the pod keeps recording. */
  | 'connection-lost'
  /** The connection works again, and nothing is missing. */
  | 'resumed'
  /** Recorded packets are missing, because the ring had removed them before they were copied. */
  | 'gap'
  /** The interface disappeared. */
  | 'interface-gone'
  /** The interface returned, and recording resumed. */
  | 'interface-back'
  /** The interface returned with another link type; its packets are in another file. */
  | 'link-type-changed'
  /** A recording ended although nothing asked it to. */
  | 'ended-early'
  /** A file is copied again, because its copy was damaged. */
  | 'copied-again'
  /** The pod starts or stops compressing files. */
  | 'compression'
  /** Packets are copied and then filtered on this computer. */
  | 'filtered-here'
  /** A detached capture was stopped or could not be stopped, after its start was interrupted. */
  | 'start-undone'
  /** A detached capture is lost. */
  | 'recording-lost'
  /** A program in the image is not usable; another one is used. */
  | 'program-unusable'
  /** The kernel or the interface dropped packets. */
  | 'dropped'
  /** No packet matched: what else passed the interfaces, and which ports are redirected. */
  | 'unmatched'
  /** Stopped at once by a second signal: packets in the pod are not copied. */
  | 'abandoned'
  /** The trace cannot be written any more. */
  | 'trace-lost'
  /** Some facts are not known; the result is incomplete. */
  | 'incomplete'
  /** Something that cleanup does not remove, because it is being used. */
  | 'kept'
  /** There is nothing to list or to remove. */
  | 'nothing-found'
  /** A request that changes nothing is sent, to find something out. */
  | 'dry-run';

/** A message for the user that is neither an error nor a result. */
export interface Notice {
  readonly kind: NoticeKind;
  /** One line. */
  readonly text: string;
  /** Which of several targets it is about. */
  readonly target?: string;
  /** Set if the text names the target already. */
  readonly namesTarget?: true;
  /** Steps that the user can take, or details, one per line. */
  readonly next?: readonly string[];
}

/** The lines that the user reads. */
export function noticeLines({ text, target, namesTarget, next = [] }: Notice): string[] {
  const first = target === undefined || namesTarget ? text : `${target}: ${text}`;
  return [first, ...next.map((step) => `  ${step}`)];
}
