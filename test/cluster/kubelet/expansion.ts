/**
 * Replaces `$(NAME)` in command, args and env as Kubernetes does. Unknown names are left unchanged, and `$$` is one
 * dollar sign (k8s.io/kubernetes/third_party/forked/golang/expansion).
 */
export function expandVariables(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(?:(\$)|\(([^)]*)\))/g, (reference, dollar, name) => {
    if (dollar) return '$';
    return values.get(String(name)) ?? reference;
  });
}
