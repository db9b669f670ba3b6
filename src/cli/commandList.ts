import type { Command } from './command.ts';

/** A command in the list that `kubectl netdebug` prints. */
export interface CommandEntry {
  readonly name: string;
  /** What it does, in the imperative mood, with at most 60 characters. */
  readonly summary: string;
  /** Loads the command. Only the called command is loaded, because loading takes most of a short command's time. */
  load(): Promise<Command>;
}

interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandEntry[];
}

/** Every command, as `kubectl netdebug` lists them. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: 'Capture Commands',
    commands: [
      {
        name: 'capture',
        summary: 'Capture packets of pods and nodes',
        load: async () => (await import('./commands/capture.ts')).captureCommand,
      },
      {
        name: 'captures',
        summary: 'List, follow, fetch, stop and remove detached captures',
        load: async () => (await import('./commands/captures.ts')).capturesCommand,
      },
    ],
  },
  {
    title: 'Reading Commands',
    commands: [
      {
        name: 'summary',
        summary: 'Show what is in capture files and what went wrong',
        load: async () => (await import('./commands/summary.ts')).summaryCommand,
      },
      {
        name: 'read',
        summary: 'Print or select packets of capture files',
        load: async () => (await import('./commands/read.ts')).readCommand,
      },
      {
        name: 'filters',
        summary: 'Explain, correct and build capture and display filters',
        load: async () => (await import('./commands/filters.ts')).filtersCommand,
      },
      {
        name: 'presets',
        summary: 'List the filters that capture --preset can use',
        load: async () => (await import('./commands/presets.ts')).presetsCommand,
      },
    ],
  },
  {
    title: 'Inspection Commands',
    commands: [
      {
        name: 'ports',
        summary: 'Show the sockets of pods, as netstat does',
        load: async () => (await import('./commands/ports.ts')).portsCommand,
      },
      {
        name: 'shell',
        summary: "Open a shell, or run a command, in a pod's network",
        load: async () => (await import('./commands/shell.ts')).shellCommand,
      },
      {
        name: 'path',
        summary: 'Follow a packet through the nodes, and report problems',
        load: async () => (await import('./commands/path.ts')).pathCommand,
      },
      {
        name: 'cidr',
        summary: 'Show the use of address ranges, and plan new ones',
        load: async () => (await import('./commands/cidr.ts')).cidrCommand,
      },
      {
        name: 'netns',
        summary: 'List network namespaces of nodes, with their pods',
        load: async () => (await import('./commands/netns.ts')).netnsCommand,
      },
      {
        name: 'who',
        summary: 'Find the owner of an address, interface or process',
        load: async () => (await import('./commands/who.ts')).whoCommand,
      },
      {
        name: 'cni',
        summary: 'Show CNI configuration, results and leases of a node',
        load: async () => (await import('./commands/cni.ts')).cniCommand,
      },
    ],
  },
  {
    title: 'Cluster Commands',
    commands: [
      {
        name: 'doctor',
        summary: 'Check what works in a cluster, and how to fix what does not',
        load: async () => (await import('./commands/doctor.ts')).doctorCommand,
      },
      {
        name: 'ps',
        summary: 'List debuggers and captures created by netdebug',
        load: async () => (await import('./commands/ps.ts')).psCommand,
      },
      {
        name: 'cleanup',
        summary: 'Remove debuggers and captures created by netdebug',
        load: async () => (await import('./commands/cleanup.ts')).cleanupCommand,
      },
    ],
  },
  {
    title: 'Settings Commands',
    commands: [
      {
        name: 'completion',
        summary: 'Install or print completion for your shell and kubectl',
        load: async () => (await import('./commands/completion.ts')).completionCommand,
      },
      {
        name: 'extcap',
        summary: 'Show pods in the list of interfaces of Wireshark',
        load: async () => (await import('./commands/extcap.ts')).extcapCommand,
      },
    ],
  },
  {
    title: 'Other Commands',
    commands: [
      {
        name: 'version',
        summary: 'Print the version of this program',
        load: async () => (await import('./commands/version.ts')).versionCommand,
      },
      {
        name: 'options',
        summary: 'List the options that apply to all commands',
        load: async () => (await import('./commands/options.ts')).optionsCommand,
      },
    ],
  },
];

export const COMMANDS: readonly CommandEntry[] = COMMAND_GROUPS.flatMap(({ commands }) => commands);
