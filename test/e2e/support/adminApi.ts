import { ApiClient, type Method } from '../../kubernetes/apiClient.ts';
import { world } from './world.ts';

const administrator = new ApiClient(world.ownKubeconfig);

/** One request of the cluster's administrator. Gives the answer's body; throws unless it succeeds. */
export async function adminCall(method: Method, path: string, body?: unknown): Promise<unknown> {
  return JSON.parse(await administrator.call(method, path, body));
}
