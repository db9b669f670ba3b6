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
  /** Who asked for it, as the API server knows them. */
  readonly owner?: string;
  /** When it was asked for, by the API server's clock. */
  readonly created: Date;
  /** The volume of the pod that its spool is on; its own container's storage when absent. */
  readonly volume?: string;
  /** The folder of its spool. */
  readonly spool: string;
  readonly record: RecordOptions;
}

/** A definition read back: the recorder's options as the words that it was started with. */
export interface ReadDefinition extends Omit<DetachedDefinition, 'record'> {
  readonly words: Readonly<Record<string, string>>;
}

const PREFIX = 'netdebug-capture-';
/** The recorder's first word; its options come after it. */
const RECORD = 'record';
const NAME = 'NETDEBUG_CAPTURE';
const OWNER = 'NETDEBUG_OWNER';
const CREATED = 'NETDEBUG_CREATED';

/** What the names of containers may be (RFC 1123 label), less our prefix. */
const MAX_NAME = 63 - PREFIX.length;

/** Throws a Problem for what cannot be a capture's name. */
export function checkCaptureName(name: string): void {
  if (name.length > MAX_NAME || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name))
    throw wrongUsage(
      `invalid capture name "${name}"`,
      `use at most ${MAX_NAME} lower case letters, digits and dashes, as in: tuesday-2`,
    );
}

/** The folder of a capture's spool. On a volume, which pods may share, it has the pod's UID in it. */
export function spoolFolder(name: string, pod: Pod, volume: string | undefined): string {
  return volume === undefined
    ? `/netdebug-${name}`
    : `${VOLUME_PATH}/netdebug-${pod.metadata.uid}-${name}`;
}

/** The ephemeral container whose main process is the recorder. */
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

/** What makes a container that of a capture, in whatever pod it is. */
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

/** What a container's definition says, when it is a capture's; undefined when it is another's. */
export function readDefinition(container: Container): ReadDefinition | undefined {
  const env = new Map(container.env?.map(({ name, value = '' }) => [name, value]));
  const name = env.get(NAME);
  if (name === undefined || container.name !== PREFIX + name) return undefined;
  const { command = [] } = container;
  const words = Object.fromEntries(
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
    spool: words.spool ?? '',
    words,
  };
}
