const factors: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The number for a Kubernetes quantity such as `200m` or `64Mi`. */
export function parseQuantity(quantity: string | number): number {
  const [, number, suffix = ''] = /^([0-9.]+)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  const factor = factors[suffix];
  if (number === undefined || factor === undefined) throw new Error(`no quantity: ${quantity}`);
  return Number(number) * factor;
}
