import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderCaptureFilter } from '../../../src/filters/capture/captureFilter.ts';
import { findPresets, presetFilter } from '../../../src/filters/presets.ts';
import { selectedTimes } from './support/tcpdump.ts';

const CAPTURES = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'captures');
const has = existsSync(CAPTURES);

/** The usual filter for TLS handshakes; it matches IPv4 only. */
const RECIPE = 'tcp[((tcp[12] & 0xf0) >> 2)] = 0x16';
const PRESET = renderCaptureFilter(presetFilter(findPresets(['tls-handshake']))) ?? '';

/** The times of packets that a display filter selects in tshark, with microseconds. */
function seenByTshark(path: string, filter: string): string[] {
  const fields = ['-T', 'fields', '-e', 'frame.time_epoch'];
  const text = execFileSync('tshark', ['-n', '-r', path, '-Y', filter, ...fields], {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return text
    .split('\n')
    .filter(Boolean)
    .map((time) => time.slice(0, time.indexOf('.') + 7));
}

describe.skipIf(!has)(
  `tls-handshake on captures${has ? '' : ' (skipped: no captures folder)'}`,
  () => {
    const files = (folder: string) =>
      readdirSync(join(CAPTURES, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.pcap(ng)?$/.test(name))
        .map((name) => join(CAPTURES, folder, name));

    it('captures everything that the usual filter captures', () => {
      const wrong: string[] = [];
      let recipe = 0;
      for (const path of has ? [...files('ndpi'), ...files('zeek/tls')] : []) {
        const known = selectedTimes(path, RECIPE);
        recipe += known.length;
        const matching = selectedTimes(path, `(${PRESET}) and ip`);
        if (known.join() !== matching.join()) wrong.push(path);
      }
      expect(wrong).toEqual([]);
      expect(recipe).toBeGreaterThan(150);
    });

    it.each([
      ['ndpi/http_ipv6.pcap', 20, PRESET],
      ['ndpi/tls_malicious_sha1.pcapng', 3, PRESET],
      ['ndpi/tls_ech.pcapng', 2, PRESET],
      ['zeek/tls/certificate-request-failed.pcap', 3, PRESET],
      // Behind a VLAN tag.
      ['ndpi/smtp-starttls.pcap', 4, `vlan and (${PRESET}) and ip6`],
    ])('captures the same in IPv6: %s', (name, count, expression) => {
      const path = join(CAPTURES, name);
      // A number after == is hexadecimal up to tshark 4.0, and decimal in later versions.
      const filter = String.raw`ipv6.nxt == 6 && tcp.payload matches "^\x16"`;
      const matching = seenByTshark(path, filter);
      expect(matching).toHaveLength(count);
      expect(selectedTimes(path, expression)).toEqual(expect.arrayContaining(matching));
    });
  },
);
