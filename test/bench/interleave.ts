/**
 * Measures every contestant once per round, so that other load on the machine affects all of them equally. Every other
 * round has the opposite order. Returns the samples of each.
 */
export async function interleave<Sample>(
  rounds: number,
  contestants: readonly ((round: number) => Promise<Sample>)[],
): Promise<Sample[][]> {
  const samples = contestants.map((): Sample[] => []);
  for (let round = 0; round < rounds; round++) {
    const order = [...contestants.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const sample = await contestants[index]?.(round);
      if (sample !== undefined) samples[index]?.push(sample);
    }
  }
  return samples;
}
