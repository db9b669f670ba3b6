import {
  allOf,
  type CaptureFilter,
  expression,
  renderCaptureFilter,
} from '../filters/capture/captureFilter.ts';
import { checkCaptureFilter } from '../filters/check.ts';
import { type Preset, presetFilter, presetsNamed } from '../filters/presets.ts';
import { splitRepeated } from './repeatedFlags.ts';

export const FILTER_OPTIONS = {
  preset: {
    type: 'string',
    requiresArg: true,
    describe:
      'tls-handshake, tls-hello, dns, http, syn, rst, icmp, arp, dhcp, no-ssh, vxlan or path-mtu: capture these packets; may be repeated; see: presets',
  },
} as const;

export interface FilterArguments {
  readonly preset?: string | undefined;
  readonly '--'?: (string | number)[];
}

/** The presets that are named, and the filter they make together with the expression after `--`. */
export interface OwnFilter {
  readonly presets: readonly Preset[];
  readonly ownFilter: CaptureFilter;
}

/** Reads `--preset` and the expression. Throws a Problem. */
export function ownFilterOf(flags: FilterArguments): OwnFilter {
  const names = flags.preset === undefined ? [] : splitRepeated(flags.preset).join(',').split(',');
  const presets = presetsNamed(names.map((name) => name.trim()));
  const text = flags['--']?.join(' ').trim();
  if (text) checkCaptureFilter(text);
  // First, since vlan and the like change where the tests after them look.
  const written = text ? [expression(text)] : [];
  return { presets, ownFilter: allOf([...written, presetFilter(presets)]) };
}

/** What the presets stand for, and the whole filter where that is more; a line each. */
export function filterNotes(presets: readonly Preset[], filter: CaptureFilter): string[] {
  if (presets.length === 0) return [];
  const lines = presets.map((one) => `preset ${one.name}: ${renderCaptureFilter(one.filter)}`);
  const [only] = presets;
  const whole = renderCaptureFilter(filter);
  const isAll = presets.length === 1 && only && whole === renderCaptureFilter(only.filter);
  return isAll ? lines : [...lines, `filter: ${whole}`];
}
