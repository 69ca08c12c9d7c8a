"""Images divided into training, validation and test sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

SPLITS = ("train", "val", "test")
Shares = tuple[float, float, float]


def split_at_random(labels: Sequence[str], contents: Sequence[str], shares: Shares, seed: int) -> list[str]:
    """Divide the images of each label in the same shares, after a seeded shuffle.

    Copies of an image stay together; otherwise a model would be tested on images it was trained with.

    Parameters
    ----------
    contents : sequence of str
        Content hash of each image; the result depends on these and not on the order of the images.
    """
    rng = np.random.default_rng(seed)
    chosen: dict[str, str] = {}
    for label in sorted(set(labels)):
        mine = {c for c, other in zip(contents, labels, strict=True) if other == label}
        distinct = sorted(mine - set(chosen))
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
    """Divide whole groups (lots), so that each label comes near the shares.

    The largest group goes first, each to the set where it leaves the labels nearest to their shares.

    Parameters
    ----------
    known : mapping of str to str, optional
        Groups whose set is decided already.

    Returns
    -------
    dict of str to str
        The set of each group.
    """
    names, numbers = np.unique(np.array(groups, dtype=object), return_inverse=True)
    kinds, codes = np.unique(np.array(labels, dtype=object), return_inverse=True)
    counts = np.zeros((len(names), len(kinds)))
    np.add.at(counts, (numbers, codes), 1)
    wanted = np.outer(np.array(shares) / sum(shares), counts.sum(axis=0))
    scale = np.maximum(counts.sum(axis=0), 1)
    have = np.zeros((len(SPLITS), len(kinds)))
    chosen: dict[str, str] = {}
    for index, name in enumerate(names):
        if known and name in known:
            chosen[str(name)] = known[name]
            have[SPLITS.index(known[name])] += counts[index]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(names))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    usable = [i for i, share in enumerate(shares) if share > 0]
    for index in order.tolist():
        if str(names[index]) in chosen:
            continue
        costs = []
        for place in usable:
            after = have.copy()
            after[place] += counts[index]
            # Being short costs less than being over: the sets are not full yet.
            costs.append(float((np.maximum(after - wanted, 0) / scale).sum()))
        emptiest = [
            -float((wanted[place] - have[place]).sum() / max(wanted[place].sum(), 1)) for place in usable
        ]
        best = min(range(len(usable)), key=lambda i: (round(costs[i], 9), round(emptiest[i], 9), i))
        chosen[str(names[index])] = SPLITS[usable[best]]
        have[usable[best]] += counts[index]
    return chosen
