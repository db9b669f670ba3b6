import { optionalColumn } from '../../output/renderList.ts';
import { renderTable } from '../../output/table.ts';
import type { Owner } from './owner.ts';

/** Renders the table of `who`. `wide` adds the namespace and the process. */
export function ownerTable(owners: readonly Owner[], wide: boolean): Iterable<string> {
  const column = (header: string, cell: (owner: Owner) => string | number | null) =>
    optionalColumn<Owner>(header, (owner) => cell(owner) ?? undefined);
  return renderTable(
    [
      column('KIND', ({ kind }) => kind),
      column('NAME', nameText),
      column('CONTAINER', ({ container }) => container?.slice(0, 13) ?? null),
      column('NODE', ({ node }) => node),
      column('INTERFACE', (owner) => owner.interface),
      column('ADDRESS', ({ address }) => address),
      ...(wide ? [column('NETNS', ({ netns }) => netns), column('PID', ({ pid }) => pid)] : []),
      column('DETAIL', ({ detail }) => detail),
    ],
    owners,
  );
}

function nameText({ pod, podNamespace, service, node, kind }: Owner): string | null {
  if (service !== null) return service;
  if (pod !== null) return podNamespace === null ? pod : `${podNamespace}/${pod}`;
  return kind === 'node' ? node : null;
}
