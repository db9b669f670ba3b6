/** Suffixes of quantities (k8s.io/apimachinery/pkg/api/resource): powers of 1000 and of 1024. */
const SUFFIX_FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * The number for a quantity such as `64Mi`, `200m` or `1e3`: bytes, cores or a count. Undefined if the API server would
 * not accept the quantity.
 */
export function parseQuantity(quantity: string | number): number | undefined {
  const [, number, suffix = ''] =
    /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(quantity)) ?? [];
  const factor = SUFFIX_FACTORS[suffix];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}
