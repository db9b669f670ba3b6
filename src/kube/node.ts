import type { KubeApi } from './api.ts';
import { isApiError } from './apiError.ts';

/** The fields of core/v1 Node that are read. */
export interface KubeNode {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly providerID?: string;
    readonly taints?: readonly { readonly key: string; readonly value?: string }[];
  };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly images?: readonly { readonly names?: readonly string[] }[];
    readonly nodeInfo?: {
      readonly operatingSystem?: string;
      readonly architecture?: string;
      readonly containerRuntimeVersion?: string;
      readonly kubeletVersion?: string;
    };
  };
}

/** A node, or undefined if the user may not read nodes. Throws an ApiError if no node has that name. */
export async function readNode(
  api: KubeApi,
  name: string,
  signal?: AbortSignal,
): Promise<KubeNode | undefined> {
  try {
    const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
    return await api.get<KubeNode>(path, { ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    if (isApiError(error, 404)) throw error;
    return undefined;
  }
}
