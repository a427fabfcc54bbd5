// What needs no host, and is tested without one.

/** The mean; 0 of no values. */
export function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / Math.max(values.length, 1);
}
