/**
 * What is written of a pod is called by its name, NAMESPACE/NAME where that is needed. Names of pods hold
 * nothing else; what a server gives is not believed, and leads nowhere.
 */
export function podFileName(name: string): string {
  return name.replace(/[^a-zA-Z0-9.-]/g, '_').replace(/^\.+/, '_');
}
