/** One value from netdebug and from another program. */
export interface Fact {
  readonly capture: string;
  /** Its subject: a conversation, a packet. */
  readonly subject: string;
  readonly field: string;
  readonly ours: string;
  readonly theirs: string;
}

/** Why a difference is justified, based on the packets. */
export interface Explanation<Context> {
  readonly why: string;
  readonly explains: (fact: Fact, context: Context) => boolean;
}

/** Compares facts, and counts the differences. */
export class Comparison<Context> {
  facts = 0;
  readonly explained = new Map<string, number>();
  readonly unexplained: Fact[] = [];
  readonly #explanations: readonly Explanation<Context>[];

  constructor(explanations: readonly Explanation<Context>[]) {
    this.#explanations = explanations;
    for (const { why } of explanations) this.explained.set(why, 0);
  }

  add(fact: Fact, context: Context): void {
    this.facts += 1;
    if (fact.ours === fact.theirs) return;
    const found = this.#explanations.find(({ explains }) => explains(fact, context));
    if (!found) this.unexplained.push(fact);
    else this.explained.set(found.why, (this.explained.get(found.why) ?? 0) + 1);
  }

  /** A row for each explanation: the number of facts that it explains. */
  table(name: string): string[] {
    const rows = [...this.explained].filter(([, count]) => count > 0);
    const differing = rows.reduce((sum, [, count]) => sum + count, 0);
    const share = ((differing / Math.max(1, this.facts)) * 100).toFixed(2);
    return [
      `| ${name} | ${this.facts} facts | ${differing} differ (${share} %), ${this.unexplained.length} unexplained |`,
      ...rows.map(([why, count]) => `| | ${count} | ${why} |`),
    ];
  }

  get explainedShare(): number {
    let count = 0;
    for (const explainedCount of this.explained.values()) count += explainedCount;
    return count / Math.max(1, this.facts);
  }
}
