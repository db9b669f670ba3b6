import { ageText } from '../output/quantities.ts';
import { type ListFormat, optionalColumn, renderList } from '../output/renderList.ts';
import type { Column } from '../output/table.ts';
import { ownsPod } from './owned.ts';
import { decideRemoval } from './remove.ts';
import type { Used } from './usage.ts';

/** The printed properties of a debugger or capture. Times are in ISO 8601. */
function factsOf(used: Used) {
  const { owned, runs, unanswered } = used;
  const { pod, kind, container, profile, capture, image, owner, since, state, reason } = owned;
  return {
    kind,
    name: nameOf(used),
    namespace: pod.metadata.namespace,
    pod: pod.metadata.name,
    container,
    node: pod.spec.nodeName,
    profile,
    capture: capture?.name,
    image,
    owner,
    since,
    state,
    reason: reason ?? unanswered,
    runs,
    removal: REMOVALS[decideRemoval(used, true).kind],
  };
}

/** What `cleanup --captures` would do, which is everything that cleanup can do. */
const REMOVALS = {
  remove: 'possible',
  keep: 'when it runs',
  rest: 'only with its pod',
} as const;

type Facts = ReturnType<typeof factsOf>;

/** POD/CONTAINER, or only the pod if netdebug created it. */
export function nameOf({ owned }: Pick<Used, 'owned'>): string {
  const { name } = owned.pod.metadata;
  return ownsPod(owned) ? name : `${name}/${owned.container}`;
}

export function renderOwned(
  all: readonly Used[],
  format: ListFormat,
  namespaces: boolean,
  now: number,
): Iterable<string> {
  return renderList(
    all.map(factsOf),
    format,
    ({ name }) => name,
    (wide) => columns(wide, namespaces, now),
  );
}

function columns(wide: boolean, namespaces: boolean, now: number): Column<Facts>[] {
  const column = optionalColumn<Facts>;
  return [
    ...(namespaces ? [column('NAMESPACE', ({ namespace }) => namespace)] : []),
    column('KIND', ({ kind }) => kind),
    column('POD', ({ pod }) => pod),
    column('CONTAINER', ({ container }) => container),
    column('STATE', ({ state }) => state),
    column('RUNS', runsText),
    column('AGE', ({ since }) =>
      since === undefined ? undefined : ageText(now - Date.parse(since)),
    ),
    column('OWNER', ({ owner }) => owner),
    column('REMOVAL', ({ removal }) => removal),
    ...(wide
      ? [
          column('NODE', ({ node }) => node),
          column('PROFILE', ({ profile }) => profile),
          column('REASON', ({ reason }) => reason),
          column('IMAGE', ({ image }) => image),
        ]
      : []),
  ];
}

function runsText({ runs }: Facts): string | undefined {
  return runs?.length === 0 ? 'nothing' : runs?.join(',');
}
