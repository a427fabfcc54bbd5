// From similarities to a verdict.

/**
 * The fields of the verdict. `similarities` and `rows` are what the gallery gave, the most similar first; `label` tells
 * whose a row is. A row without a label is nobody's and never makes a member, however similar it is.
 */
export function verdict(similarities, rows, threshold, label) {
  if (similarities.length === 0 || rows.length === 0) {
    throw new Error('the graph `gallery` gave no similarity');
  }
  const [similarity, second] = similarities;
  if (!Number.isFinite(similarity) || (second !== undefined && !Number.isFinite(second))) {
    throw new Error('the graph `gallery` gave a similarity that is not finite');
  }
  const id = similarity >= threshold ? label(rows[0]) : undefined;
  return {
    member: id !== undefined,
    ...(id !== undefined && { id }),
    similarity,
    ...(second !== undefined && { margin: similarity - second }),
    threshold,
  };
}
