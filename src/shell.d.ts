/** Remote shell code: bundled as text, never assembled. */
declare module '*.sh' {
  const source: string;
  export default source;
}
