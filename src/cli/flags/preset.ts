import {
  allOf,
  type CaptureFilter,
  expression,
  renderCaptureFilter,
} from '../../filters/capture/captureFilter.ts';
import { checkCaptureFilter } from '../../filters/check.ts';
import { findPresets, PRESETS, type Preset, presetFilter } from '../../filters/presets.ts';
import type { ValueFlag, ValueType } from './flag.ts';

/** One preset, or several separated by commas. */
const PRESET_LIST: ValueType<readonly Preset[]> = {
  placeholder: 'NAME',
  choices: PRESETS.map(({ name }) => name),
  parse: (text) => findPresets(text.split(',').map((name) => name.trim())),
};

export const PRESET_FLAG = {
  value: PRESET_LIST,
  repeatable: true,
  help: 'Capture the packets of this preset. Can be repeated; see: kubectl netdebug presets',
} as const satisfies ValueFlag<readonly Preset[]>;

/** The named presets, and the filter that combines them with the expression after `--`. */
export interface OwnFilter {
  readonly presets: readonly Preset[];
  readonly filter: CaptureFilter;
}

/** Throws a Problem if the expression is not a capture filter. */
export function parseOwnFilter(named: readonly Preset[], words: readonly string[]): OwnFilter {
  const presets = [...new Set(named)];
  const text = words.join(' ').trim();
  if (text) checkCaptureFilter(text);
  // The expression comes first, because `vlan` and similar terms change what the following terms refer to.
  const written = text ? [expression(text)] : [];
  return { presets, filter: allOf([...written, presetFilter(presets)]) };
}

/** The filter of each preset, and the whole filter if it is more than that. One per line. */
export function filterNotes(presets: readonly Preset[], filter: CaptureFilter): string[] {
  if (presets.length === 0) return [];
  const lines = presets.map(
    (preset) => `preset ${preset.name}: ${renderCaptureFilter(preset.filter)}`,
  );
  const [only] = presets;
  const whole = renderCaptureFilter(filter);
  const isSinglePreset = presets.length === 1 && only && whole === renderCaptureFilter(only.filter);
  return isSinglePreset ? lines : [...lines, `filter: ${whole}`];
}
