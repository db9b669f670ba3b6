/** Remote shell code: bundled as text, never assembled. */
declare module '*.sh' {
  const source: string;
  export default source;
}
/** Completion scripts for shells, unchanged. */
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
/** Stylesheets of pages. */
declare module '*.css' {
  const source: string;
  export default source;
}
/** A program for browsers: the TypeScript file of this name and everything it imports, as one script. */
declare module '*.ts?script' {
  const source: string;
  export default source;
}
