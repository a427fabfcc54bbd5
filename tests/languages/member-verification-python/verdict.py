"""From similarities to a verdict."""

from collections.abc import Callable, Sequence
from math import isfinite


def of(
    similarities: Sequence[float],
    rows: Sequence[int],
    threshold: float,
    label: Callable[[int], str | None],
) -> dict[str, bool | float | str]:
    """The fields of the verdict.

    `similarities` and `rows` are what the gallery gave, the most similar first; `label` tells whose a row is. A row
    without a label is nobody's and never makes a member, however similar it is.
    """
    if not similarities or not rows:
        raise ValueError("the graph `gallery` gave no similarity")
    if not all(isfinite(similarity) for similarity in similarities[:2]):
        raise ValueError("the graph `gallery` gave a similarity that is not finite")
    best = similarities[0]
    member = label(rows[0]) if best >= threshold else None
    fields: dict[str, bool | float | str] = {"member": member is not None}
    if member is not None:
        fields["id"] = member
    fields["similarity"] = best
    if len(similarities) > 1:
        fields["margin"] = best - similarities[1]
    fields["threshold"] = threshold
    return fields
