/** Powers of ten for suffixes, in units of 10^-9. */
const DECIMAL = [
  ['n', 1n],
  ['u', 10n ** 3n],
  ['m', 10n ** 6n],
  ['', 10n ** 9n],
  ['k', 10n ** 12n],
  ['M', 10n ** 15n],
  ['G', 10n ** 18n],
  ['T', 10n ** 21n],
  ['P', 10n ** 24n],
  ['E', 10n ** 27n],
] as const;
const ONE = 10n ** 9n;
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map(
  (suffix, index) => [suffix, ONE * 1024n ** BigInt(index + 1)] as const,
);
const FACTORS: ReadonlyMap<string, bigint> = new Map<string, bigint>([...DECIMAL, ...BINARY]);

/** An exact Kubernetes quantity. It remembers whether it was written with Ki, Mi … or k, M …. */
export class Amount {
  static readonly zero = new Amount(0n, false);
  /** In units of 10^-9. */
  readonly nanos: bigint;
  readonly #isBinary: boolean;

  private constructor(nanos: bigint, isBinary: boolean) {
    this.nanos = nanos;
    this.#isBinary = isBinary;
  }

  /** Undefined if the text is not a quantity. */
  static parse(quantity: unknown): Amount | undefined {
    const [, sign, whole = '', fraction = '', suffix = '', exponent] =
      /^([+-]?)(\d*)(?:\.(\d*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?$/.exec(
        String(quantity),
      ) ?? [];
    if (whole + fraction === '') return undefined;
    const factor = FACTORS.get(suffix) ?? ONE;
    const power = Number(exponent ?? 0) - fraction.length;
    const digits = BigInt(whole + fraction) * factor * 10n ** BigInt(Math.max(0, power));
    const divisor = 10n ** BigInt(Math.max(0, -power));
    const nanos = (digits + divisor - 1n) / divisor; // Kubernetes rounds up.
    return new Amount(sign === '-' ? -nanos : nanos, suffix.endsWith('i'));
  }

  static of(count: number): Amount {
    return new Amount(BigInt(count) * ONE, false);
  }

  plus(other: Amount): Amount {
    // Zero has no preferred notation.
    return new Amount(this.nanos + other.nanos, this.nanos ? this.#isBinary : other.#isBinary);
  }

  minus(other: Amount): Amount {
    return new Amount(this.nanos - other.nanos, this.#isBinary);
  }

  max(other: Amount): Amount {
    return other.nanos > this.nanos ? other : this;
  }

  isMoreThan(other: Amount): boolean {
    return this.nanos > other.nanos;
  }

  /** The canonical form: the largest suffix that leaves a whole number. */
  toString(): string {
    if (this.nanos === 0n) return '0';
    const isBinary = this.#isBinary && this.nanos % ONE === 0n;
    const units: readonly (readonly [string, bigint])[] = isBinary
      ? [['', ONE] as const, ...BINARY]
      : DECIMAL;
    const [suffix, factor] = units.findLast(([, unit]) => this.nanos % unit === 0n) ?? ['n', 1n];
    return `${this.nanos / factor}${suffix}`;
  }
}

/** Amounts by resource name. */
export type Amounts = ReadonlyMap<string, Amount>;

/** The amounts in a `limits` or `requests` map. Values that are not quantities are ignored. */
export function amountsAt(value: unknown): Map<string, Amount> {
  const amounts = new Map<string, Amount>();
  for (const [name, quantity] of Object.entries(Object(value))) {
    const amount = Amount.parse(quantity);
    if (amount) amounts.set(name, amount);
  }
  return amounts;
}

/** Adds `from` to `to`, which is changed. */
export function addAmounts(to: Map<string, Amount>, from: Amounts): void {
  for (const [name, amount] of from) to.set(name, (to.get(name) ?? Amount.zero).plus(amount));
}

/** Converts amounts to a `limits` or `requests` map. */
export function plainAmounts(amounts: Amounts): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, String(amount)]));
}
