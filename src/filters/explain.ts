import { CaptureSyntaxError, parseCaptureFilter, tokenizeCaptureFilter } from './capture/parse.ts';
import { renderAsCapture } from './capture/render.ts';
import type { Language } from './condition.ts';
import { correctCapture } from './corrections/capture.ts';
import type { Correction } from './corrections/correction.ts';
import { correctDisplay } from './corrections/display.ts';
import { describeCondition } from './describeCondition.ts';
import { displayFilterCondition } from './display/condition.ts';
import { DisplaySyntaxError } from './display/parse.ts';
import { renderDisplayFilter } from './display/render.ts';

/** The explanation of a user's filter. */
export interface Explanation {
  /** The language of the filter. */
  readonly language: Language;
  readonly corrections: readonly Correction[];
  /** The filter without its mistakes; unchanged if it has none. */
  readonly corrected: string;
  /** Why it cannot be parsed, even after the corrections. */
  readonly problem?: string;
  /** What it selects, in words. */
  readonly meaning?: string;
  /** The filter in each language, or the reasons why it cannot be expressed. */
  readonly capture: string | { readonly reasons: readonly string[] };
  readonly display: string | { readonly reasons: readonly string[] };
}

/** Explains a filter, corrects it, and translates it to both languages. */
export function explainFilter(text: string, language?: Language): Explanation {
  if (language !== undefined) return explainAs(text, language);
  const [likely, other] =
    detectLanguage(text) === 'capture'
      ? (['capture', 'display'] as const)
      : (['display', 'capture'] as const);
  const first = explainAs(text, likely);
  if (first.problem === undefined || hasField(text)) return first;
  const second = explainAs(text, other);
  return second.problem === undefined ? second : first;
}

function explainAs(text: string, language: Language): Explanation {
  const { text: corrected, corrections } =
    language === 'capture' ? correctCapture(text) : correctDisplay(text);
  try {
    const condition =
      language === 'capture' ? parseCaptureFilter(corrected) : displayFilterCondition(corrected);
    return {
      language,
      corrections,
      corrected,
      meaning: describeCondition(condition),
      // In its own language the filter stays as written, because it may contain parts that are not understood here.
      capture: language === 'capture' ? corrected : renderAsCapture(condition),
      display: language === 'display' ? corrected : renderDisplayFilter(condition),
    };
  } catch (error) {
    if (!(error instanceof CaptureSyntaxError) && !(error instanceof DisplaySyntaxError))
      throw error;
    const reasons = { reasons: [error.message] };
    const translations = { capture: reasons, display: reasons };
    return { language, corrections, corrected, problem: error.message, ...translations };
  }
}

/** Fields of Wireshark have a dot after a protocol. In a capture filter, such a name would be a host name. */
const FIELD =
  /^(_ws|arp|data|dhcp|dhcpv6|bootp|dns|eth|ether|frame|grpc|http|http2|icmp|icmpv6|icmp6|ip|ipv6|ip6|mac|mdns|quic|sctp|ssh|ssl|tcp|tls|udp|vlan|vxlan)\.[a-z_][\w.]*$/i;
const CAPTURE_KEYWORDS =
  /^(host|net|port|ports|portrange|src|dst|ether|greater|less|inbound|outbound|gateway|proto|protochain|broadcast|multicast)$/i;

/** Whether a filter contains a field of Wireshark. */
export function hasField(text: string): boolean {
  const words = tokenizeCaptureFilter(text).map((token) => token.text);
  return words.some(
    (word, at) => FIELD.test(word) && !/^(host|net|gateway|src|dst)$/.test(words[at - 1] ?? ''),
  );
}

/** The language of a filter; display if it is valid in both, such as `tcp`. */
function detectLanguage(text: string): Language {
  if (hasField(text)) return 'display';
  const isCapture = tokenizeCaptureFilter(text).some(
    ({ text: word }) =>
      CAPTURE_KEYWORDS.test(word) ||
      /^(ip6|icmp6|<<|>>|\[(tcpflags|icmptype|icmpcode|\d+:[124])\])$/.test(word),
  );
  return isCapture ? 'capture' : 'display';
}
