import {
  allOf,
  type CaptureFilter,
  expression,
  renderCaptureFilter,
} from '../../filters/capture/captureFilter.ts';
import { checkCaptureFilter } from '../../filters/check.ts';
import { PRESETS, type Preset, presetFilter, presetsNamed } from '../../filters/presets.ts';
import type { ValueFlag, ValueType } from './flag.ts';

/** One preset or several, separated by commas. */
const PRESET_LIST: ValueType<readonly Preset[]> = {
  placeholder: 'NAME',
  choices: PRESETS.map(({ name }) => name),
  parse: (text) => presetsNamed(text.split(',').map((name) => name.trim())),
};

export const PRESET_FLAG = {
  value: PRESET_LIST,
  repeatable: true,
  help: 'Capture the packets of this preset. Can be repeated; see: presets',
} as const satisfies ValueFlag<readonly Preset[]>;

/** The presets that are named, and the filter they make together with the expression after `--`. */
export interface OwnFilter {
  readonly presets: readonly Preset[];
  readonly filter: CaptureFilter;
}

/** Throws a Problem for an expression that is not a capture filter. */
export function ownFilterOf(named: readonly Preset[], words: readonly string[]): OwnFilter {
  const presets = [...new Set(named)];
  const text = words.join(' ').trim();
  if (text) checkCaptureFilter(text);
  // First, since vlan and the like change where the tests after them look.
  const written = text ? [expression(text)] : [];
  return { presets, filter: allOf([...written, presetFilter(presets)]) };
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
