/** The subject of a request, as Kubernetes' RequestInfo derives it from method and URL. */
export type Route = ResourceRoute | PathRoute;

export interface ResourceRoute {
  readonly type: 'resource';
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty for cluster-scoped requests. */
  readonly namespace: string;
  /** Empty for lists and creations. */
  readonly name: string;
  readonly path: string;
}

export interface PathRoute {
  readonly type: 'path';
  readonly verb: string;
  readonly path: string;
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

export function parseRoute(method: string, url: URL): Route {
  const path = url.pathname;
  const segments = path.split('/').filter(Boolean).map(decodeURIComponent);
  const start = segments[0] === 'api' ? 2 : segments[0] === 'apis' ? 3 : undefined;
  if (start === undefined || segments.length <= start) {
    return { type: 'path', verb: method.toLowerCase(), path };
  }
  const group = start === 2 ? '' : (segments[1] ?? '');
  const version = segments[start - 1] ?? '';
  let rest = segments.slice(start);
  let namespace = '';
  if (rest[0] === 'namespaces' && rest[1] !== undefined) {
    const inside = rest[2];
    if (inside !== undefined && !NAMESPACE_SUBRESOURCES.has(inside)) {
      namespace = rest[1];
      rest = rest.slice(2);
    } else if (group === '') {
      // Rules about one namespace apply to the namespace object itself.
      namespace = rest[1];
    }
  }
  const [resource = '', name = '', subresource = ''] = rest;
  return {
    type: 'resource',
    verb: verbOf(method, name, url.searchParams),
    group,
    version,
    resource,
    subresource,
    namespace,
    name: name || namedByFieldSelector(url.searchParams),
    path,
  };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (['true', '1'].includes(query.get('watch') ?? '')) return 'watch';
      return name ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name ? 'delete' : 'deletecollection';
    default:
      return method.toLowerCase();
  }
}

// A list or watch of a single name is authorized as a request for that name.
function namedByFieldSelector(query: URLSearchParams): string {
  return /(?:^|,)metadata\.name={1,2}([^,!=]+)/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
}
