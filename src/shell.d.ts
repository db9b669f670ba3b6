/** Remote shell code: bundled as text, never assembled. */
declare module '*.sh' {
  const source: string;
  export default source;
}
/** What shells are given to read, as it is. */
declare module '*.bash' {
  const source: string;
  export default source;
}
declare module '*.zsh' {
  const source: string;
  export default source;
}
declare module '*.fish' {
  const source: string;
  export default source;
}
declare module '*.ps1' {
  const source: string;
  export default source;
}
