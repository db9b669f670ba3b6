import { marks, VOLUME_PATH, volumeMounts } from '../../debugger/container.ts';
import { type EphemeralLevel, securityContext } from '../../debugger/profile.ts';
import type { Container, EphemeralContainer, Pod, PullPolicy } from '../../kube/pod.ts';
import { wrongUsage } from '../../problem.ts';
import { type RecordOptions, recordArguments } from '../spool/recordArguments.ts';
import recorderScript from '../spool/recorder.sh';

/** A detached capture, as the definition of its container describes it. */
export interface DetachedDefinition {
  readonly name: string;
  readonly image: string;
  /** Who requested it, as identified by the API server. */
  readonly owner?: string;
  /** When it was requested, by the API server's clock. */
  readonly created: Date;
  /** The volume of the pod that contains its spool; absent if the spool is in the container's own storage. */
  readonly volume?: string;
  /** The folder of its spool. */
  readonly spool: string;
  readonly record: RecordOptions;
}

/** A definition read back from a container, with the recorder's options as the words of its command. */
export interface ParsedDefinition extends Omit<DetachedDefinition, 'record'> {
  readonly options: Readonly<Record<string, string>>;
}

const PREFIX = 'netdebug-capture-';
/** The recorder's first word, which is followed by its options. */
const RECORD = 'record';
const NAME = 'NETDEBUG_CAPTURE';
const OWNER = 'NETDEBUG_OWNER';
const CREATED = 'NETDEBUG_CREATED';

/** The longest name of a container (RFC 1123 label), without our prefix. */
const MAX_NAME = 63 - PREFIX.length;

/** Throws a Problem if this is not a valid name for a capture. */
export function checkCaptureName(name: string): void {
  if (name.length > MAX_NAME || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name))
    throw wrongUsage(
      `invalid capture name "${name}"`,
      `use at most ${MAX_NAME} lower case letters, digits and dashes, as in: tuesday-2`,
    );
}

/** The folder of a capture's spool. Pods may share a volume, so a folder on a volume includes the pod's UID. */
export function spoolFolder(name: string, pod: Pod, volume: string | undefined): string {
  return volume === undefined
    ? `/netdebug-${name}`
    : `${VOLUME_PATH}/netdebug-${pod.metadata.uid}-${name}`;
}

/** The ephemeral container that runs the recorder as its main process. */
export function detachedContainer(
  definition: DetachedDefinition,
  pullPolicy: PullPolicy,
  accessLevel: EphemeralLevel = 'least',
): EphemeralContainer {
  const { image, volume } = definition;
  const { container: name, command, env } = recorderOf(definition);
  return {
    name,
    image,
    imagePullPolicy: pullPolicy,
    command,
    env: [...marks(image), ...env],
    securityContext: securityContext('network', image, accessLevel),
    ...volumeMounts(volume),
  };
}

/** The part of the container that runs the recorder, for any kind of pod. */
export function recorderOf({ name, owner, created, spool, record }: DetachedDefinition) {
  return {
    container: PREFIX + name,
    command: ['sh', '-c', recorderScript, 'netdebug', RECORD, ...recordArguments(spool, record)],
    env: [
      { name: NAME, value: name },
      { name: CREATED, value: created.toISOString() },
      ...(owner === undefined ? [] : [{ name: OWNER, value: owner }]),
    ],
  };
}

/** Reads the definition of a capture's container; undefined for any other container. */
export function parseDefinition(container: Container): ParsedDefinition | undefined {
  const env = new Map(container.env?.map(({ name, value = '' }) => [name, value]));
  const name = env.get(NAME);
  if (name === undefined || container.name !== PREFIX + name) return undefined;
  const { command = [] } = container;
  const options = Object.fromEntries(
    command.slice(command.indexOf(RECORD) + 1).map((word) => {
      const equals = word.indexOf('=');
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
  const owner = env.get(OWNER);
  const [mount] = container.volumeMounts ?? [];
  return {
    name,
    image: container.image ?? '',
    created: new Date(env.get(CREATED) ?? 0),
    ...(owner !== undefined && { owner }),
    ...(mount && { volume: mount.name }),
    spool: options.spool ?? '',
    options,
  };
}
