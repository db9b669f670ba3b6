import { ApiClient, type Method } from '../../kubernetes/apiClient.ts';
import { world } from './world.ts';

const administrator = new ApiClient(world.ownKubeconfig);

/** Sends one request as the cluster's administrator. Returns the body of the answer. Throws unless it succeeds. */
export async function adminCall(method: Method, path: string, body?: unknown): Promise<unknown> {
  return JSON.parse(await administrator.call(method, path, body));
}
