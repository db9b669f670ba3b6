import { describe, expect, it } from 'vitest';
import { answer, findingsOf, question, type Timed } from './support.ts';

const client = (index: number) => `10.244.1.${10 + index}`;

/** Each client asks twice; the server fails to answer the first question of the first `failing` clients. */
function questionsOf(clients: number, failing: number): Timed[] {
  return Array.from({ length: clients }, (_, index): Timed[] => {
    const lookup = { id: index, client: client(index), name: `api-${index}.example.com` };
    const otherLookup = { ...lookup, id: 100 + index, port: 50_001, name: 'ok.example.com' };
    return [
      [index * 10, question(lookup)],
      [index * 10 + 1, answer({ ...lookup, code: index < failing ? 2 : 0 })],
      [index * 10 + 2, question(otherLookup)],
      [index * 10 + 3, answer(otherLookup)],
    ];
  }).flat();
}

describe('a DNS server that fails several clients', () => {
  it('is one finding, which lists these clients', async () => {
    const findings = await findingsOf(questionsOf(3, 2));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      kind: 'dns-servfail',
      count: 2,
      what: expect.stringMatching(/^10\.96\.0\.10 .*\b2\b.*\b4\b/),
      who: '10.244.1.10, 10.244.1.11 → 10.96.0.10',
      packets: [2, 6],
      filter:
        '(ip.addr == 10.244.1.10 || ip.addr == 10.244.1.11) && ip.addr == 10.96.0.10 && dns.flags.rcode == 2',
    });
    expect(findings[0]?.what).toContain('api-0.example.com, api-1.example.com');
  });

  it('lists a few of many clients, with a filter that shows all of them', async () => {
    const findings = await findingsOf(questionsOf(30, 30));
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      count: 30,
      who: '10.244.1.10, 10.244.1.11, 10.244.1.12 and 27 more → 10.96.0.10',
      filter: 'ip.addr == 10.96.0.10 && dns.flags.rcode == 2',
    });
    expect(findings[0]?.packets.length).toBeLessThanOrEqual(10);
  });
});
