import type { Entry } from './layer.ts';

/** The images below search for programs in this folder first. */
const FOLDER = 'opt/hung';

/** Prints nothing, and ignores signals, as its child processes do. */
const HUNG = `#!/bin/sh
trap '' TERM INT HUP
sh -c 'while :; do sleep 1; done' hung-tool
`;

/** Prints endlessly, without a newline. */
const ENDLESS = `#!/bin/sh
trap '' TERM INT HUP
while :; do printf %01000d 7; done
`;

/** Runs the real program as its child, and hides its messages. */
const WRAPPED = `#!/bin/sh
/usr/bin/tcpdump "$@" 2>/dev/null
`;

/** Images by the fault of their tools. */
export const FAULTY_TOOLS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'hung-dumpcap': { dumpcap: HUNG },
  'hung-tools': { dumpcap: HUNG, tcpdump: HUNG, ss: HUNG },
  'endless-tools': { dumpcap: HUNG, tcpdump: ENDLESS, ss: ENDLESS },
  'wrapped-tcpdump': { dumpcap: HUNG, tcpdump: WRAPPED },
};

export const FAULTY_PATH = `PATH=/${FOLDER}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

export function faultyTools(tools: Readonly<Record<string, string>>): Entry[] {
  return Object.entries(tools).map(([name, data]) => ({
    path: `${FOLDER}/${name}`,
    data,
    mode: 0o755,
  }));
}
