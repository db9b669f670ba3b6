import { type ContainerRef, LeasedProcess } from '../../debugger/leasedProcess.ts';
import type { KubeApi } from '../../kube/api.ts';
import { ApiError } from '../../kube/apiError.ts';
import { type Pod, podPath } from '../../kube/pod.ts';
import spoolScript from '../spool/spool.sh';
import { type SpoolCommand, SpoolGone, type SpoolSource, type SpoolVerb } from './spoolSource.ts';

/** The spool of a capture in a pod. Each verb is an exec with its own lease. */
export class PodSpool implements SpoolSource {
  readonly #api: KubeApi;
  readonly #ref: ContainerRef;
  readonly #podUid: string;
  readonly #folder: string;

  /**
   * `folder`: the spool's folder in the container `ref`. `podUid`: the UID of the pod in which the spool was found.
   */
  constructor(api: KubeApi, ref: ContainerRef, podUid: string, folder: string) {
    this.#api = api;
    this.#ref = ref;
    this.#podUid = podUid;
    this.#folder = folder;
  }

  async start(
    verb: SpoolVerb,
    words: readonly string[],
    signal: AbortSignal,
  ): Promise<SpoolCommand> {
    const command = [verb, `spool=${this.#folder}`, ...words];
    return LeasedProcess.start(
      this.#api.access,
      this.#ref,
      { script: spoolScript, command, isShort: true },
      signal,
    );
  }

  async checkGone(signal: AbortSignal): Promise<SpoolGone | undefined> {
    const { namespace, pod: name, container } = this.#ref;
    const shown = `pod ${namespace}/${name}`;
    let pod: Pod;
    try {
      pod = await this.#api.get<Pod>(podPath(namespace, name), { signal });
    } catch (error) {
      if (error instanceof ApiError && error.code === 404)
        return new SpoolGone(`${shown} no longer exists, and its capture is lost`);
      throw error;
    }
    const { uid, deletionTimestamp } = pod.metadata;
    if (uid !== this.#podUid)
      return new SpoolGone(
        `${shown} was replaced by another pod of the same name, and its capture is lost`,
      );
    const terminated = terminatedState(pod, container);
    if (!terminated) return undefined;
    const { exitCode, reason, finishedAt } = terminated;
    const when = finishedAt === undefined ? '' : ` at ${finishedAt}`;
    const why = [reason, `exit code ${exitCode}`, deletionTimestamp && 'the pod is being deleted'];
    return new SpoolGone(
      `the container ${container} of ${shown} ended${when} (${why.filter(Boolean).join(', ')}), and its capture is lost`,
      finishedAt === undefined ? undefined : new Date(finishedAt),
    );
  }
}

/** How a container ended, if it has. A restarted container has lost its files as well. */
function terminatedState({ status }: Pod, container: string) {
  const statuses = [
    ...(status?.ephemeralContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ];
  return statuses.find(({ name }) => name === container)?.state?.terminated;
}
