import type { Attributes, Rule } from './authorize.ts';
import type { ResourceRequest } from './context.ts';
import { isObject, type JsonObject, objectAt, stringAt } from './json.ts';
import { readObject } from './requestBody.ts';
import { groupVersion } from './resources.ts';
import { respondJson } from './respond.ts';
import { badRequest } from './status.ts';

/** POST of an object that is answered and never stored. Returns false if the resource is of another type. */
export async function respondReview(request: ResourceRequest): Promise<boolean> {
  const answer = ANSWERS[request.kind.kind];
  if (!answer) return false;
  const body = await readObject(request.incoming);
  const { spec, status } = answer(request, objectAt(body.spec));
  respondJson(request.response, 201, {
    kind: request.kind.kind,
    apiVersion: groupVersion(request.kind),
    metadata: {},
    ...(spec && { spec }),
    status,
  });
  return true;
}

type Answer = (
  request: ResourceRequest,
  spec: JsonObject,
) => { readonly spec?: JsonObject; readonly status: unknown };

const ANSWERS: Readonly<Record<string, Answer>> = {
  SelfSubjectAccessReview({ cluster, user }, spec) {
    const reason = cluster.authorizer.reason(user, attributesOf(spec));
    return { spec, status: { allowed: reason !== undefined, ...(reason && { reason }) } };
  },

  SelfSubjectRulesReview({ cluster, user }, spec) {
    const rules = cluster.authorizer.rulesFor(user, stringAt(spec.namespace));
    return {
      spec: {},
      status: {
        resourceRules: rules.filter(({ resources }) => resources.length > 0).map(resourceRule),
        nonResourceRules: rules
          .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
          .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
        incomplete: false,
      },
    };
  },

  SelfSubjectReview({ user }) {
    const { name, uid, groups, extra } = user;
    return { status: { userInfo: { username: name, uid, groups, extra } } };
  },
};

function attributesOf(spec: JsonObject): Attributes {
  const path = spec.nonResourceAttributes;
  if (isObject(path)) {
    return { type: 'path', verb: stringAt(path.verb), path: stringAt(path.path) };
  }
  const attributes = spec.resourceAttributes;
  if (!isObject(attributes)) {
    throw badRequest(
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  return {
    type: 'resource',
    verb: stringAt(attributes.verb),
    group: stringAt(attributes.group),
    resource: stringAt(attributes.resource),
    subresource: stringAt(attributes.subresource),
    namespace: stringAt(attributes.namespace),
    name: stringAt(attributes.name),
  };
}

function resourceRule({ verbs, apiGroups, resources, resourceNames }: Rule): unknown {
  return { verbs, apiGroups, resources, ...(resourceNames.length > 0 && { resourceNames }) };
}
