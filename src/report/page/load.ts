/** The JSON that is compressed in the element with this id. */
export async function load<Content>(id: string): Promise<Content> {
  const encoded = atob(document.getElementById(id)?.textContent ?? '');
  const bytes = new Uint8Array(encoded.length);
  for (let at = 0; at < encoded.length; at++) bytes[at] = encoded.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return (await new Response(stream).json()) as Content;
}
