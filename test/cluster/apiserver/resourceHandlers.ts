import type { ResourceRequest } from './context.ts';
import { createObject } from './create.ts';
import { deleteCollection, deleteObject } from './delete.ts';
import { changeEphemeralContainers } from './ephemeralContainers.ts';
import { evictPod } from './eviction.ts';
import { sendLog } from './logs.ts';
import { getObject, listObjects } from './read.ts';
import { respondReview } from './reviews.ts';
import { answerScale } from './scale.ts';
import { badRequest, methodNotAllowed } from './status.ts';
import { createToken } from './tokenRequest.ts';
import { changeObject, statusOnly } from './update.ts';
import { watchObjects } from './watch.ts';

/** Answers an authorized request for a resource or one of its subresources. Throws if the request is refused. */
export async function handleResource(request: ResourceRequest): Promise<void> {
  const { kind, route } = request;
  const { verb, subresource } = route;
  if (subresource === '') {
    if (!kind.verbs.includes(verb)) throw methodNotAllowed();
    return handleObject(request);
  }
  const known = kind.subresources.find(({ name }) => name === subresource);
  if (!known?.verbs.includes(verb)) throw methodNotAllowed();
  switch (subresource) {
    case 'status':
    case 'ephemeralcontainers':
      if (verb === 'get') return getObject(request);
      return subresource === 'status'
        ? changeObject(request, statusOnly)
        : changeEphemeralContainers(request);
    case 'log':
      return sendLog(request);
    case 'scale':
      return answerScale(request);
    case 'token':
      return createToken(request);
    case 'eviction':
      return evictPod(request);
    case 'finalize':
      return changeObject(request);
    default:
      throw badRequest('Upgrade request required');
  }
}

async function handleObject(request: ResourceRequest): Promise<void> {
  switch (request.route.verb) {
    case 'get':
      return getObject(request);
    case 'list':
      return listObjects(request);
    case 'watch':
      return watchObjects(request);
    case 'create':
      if (await respondReview(request)) return;
      return createObject(request);
    case 'update':
    case 'patch':
      return changeObject(request);
    case 'delete':
      return deleteObject(request);
    case 'deletecollection':
      return deleteCollection(request);
    default:
      throw methodNotAllowed();
  }
}
