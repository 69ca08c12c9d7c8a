"""Division of images into training, validation and test sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

SPLITS = ("train", "val", "test")
Shares = tuple[float, float, float]


def split_at_random(labels: Sequence[str], contents: Sequence[str], shares: Shares, seed: int) -> list[str]:
    """Return the set of each image: the images of each label are shuffled and divided in the same shares.

    Identical images stay together; otherwise a model would be tested on images it was trained on.

    Parameters
    ----------
    contents : sequence of str
        Content hash of each image; the result does not depend on the order of the images.
    """
    rng = np.random.default_rng(seed)
    chosen: dict[str, str] = {}
    for label in sorted(set(labels)):
        with_label = {c for c, other in zip(contents, labels, strict=True) if other == label}
        distinct = sorted(with_label - set(chosen))
        shuffled = [distinct[i] for i in rng.permutation(len(distinct))]
        counts = _largest_remainder(len(distinct), shares)
        names = [name for name, count in zip(SPLITS, counts, strict=True) for _ in range(count)]
        chosen.update(zip(shuffled, names, strict=True))
    return [chosen[content] for content in contents]


def _largest_remainder(count: int, shares: Shares) -> list[int]:
    exact = np.array(shares) / sum(shares) * count
    whole = np.floor(exact + 1e-9).astype(int)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: count - int(whole.sum())]] += 1
    return [int(number) for number in whole]


def split_by_group(
    groups: Sequence[str],
    labels: Sequence[str],
    shares: Shares,
    seed: int,
    known: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Divide whole groups (lots) so that each label is close to the shares.

    Groups are assigned by descending size, each to the set that brings the labels closest to their shares.

    Parameters
    ----------
    known : mapping of str to str, optional
        Sets of groups that are already assigned.

    Returns
    -------
    dict of str to str
        The set of each group.
    """
    names, numbers = np.unique(np.array(groups, dtype=object), return_inverse=True)
    kinds, codes = np.unique(np.array(labels, dtype=object), return_inverse=True)
    counts = np.zeros((len(names), len(kinds)))
    np.add.at(counts, (numbers, codes), 1)
    target = np.outer(np.array(shares) / sum(shares), counts.sum(axis=0))
    scale = np.maximum(counts.sum(axis=0), 1)
    assigned = np.zeros((len(SPLITS), len(kinds)))
    chosen: dict[str, str] = {}
    for index, name in enumerate(names):
        if known and name in known:
            chosen[str(name)] = known[name]
            assigned[SPLITS.index(known[name])] += counts[index]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(names))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    usable = [i for i, share in enumerate(shares) if share > 0]
    for index in order.tolist():
        if str(names[index]) in chosen:
            continue
        costs = []
        for i in usable:
            after = assigned.copy()
            after[i] += counts[index]
            # Only an excess counts, as the sets are not full yet.
            costs.append(float((np.maximum(after - target, 0) / scale).sum()))
        fill = [-float((target[i] - assigned[i]).sum() / max(target[i].sum(), 1)) for i in usable]
        best = min(range(len(usable)), key=lambda i: (round(costs[i], 9), round(fill[i], 9), i))
        chosen[str(names[index])] = SPLITS[usable[best]]
        assigned[usable[best]] += counts[index]
    return chosen
