/**
 * Measures every contestant once a round, so that whatever else the machine does befalls them
 * alike; every other round in the opposite order. Gives the samples of each.
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
