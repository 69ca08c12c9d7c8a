"""Protects confirmed clusters: which decisions would change them, and the question to ask first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from defect_workbench.core.project.decisions import UNDECIDED, Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import and_more, counted

# Takes a question, the label of the button that agrees, and what to do then.
Guard = Callable[[str, str, Callable[[], None]], None]

_NAMED = 4
_REPLACED = ("Merge", "Refine")


def changed_confirmed(project: Project, after: Decisions) -> Mapping[int, int]:
    """Return the confirmed groups that new decisions would change, and how many images each would lose.

    A group that would only be unlocked loses none. An unreviewed proposal does not count as confirmed.
    """
    before, proposal = project.decisions, project.proposal
    confirmed = before.held != UNDECIDED
    if proposal is not None:
        confirmed &= ~proposal.unreviewed
    leaving = np.where(confirmed & (after.held != before.held), before.held, UNDECIDED)
    changed = {}
    for number, group in before.groups.items():
        if not group.confirmed:
            continue
        lost = int((leaving == number).sum())
        still = after.groups.get(number)
        if lost or (still is not None and not still.confirmed):
            changed[number] = lost
    return changed


def question(project: Project, text: str, verb: str, changed: Mapping[int, int]) -> str:
    """Return the question to ask before confirmed groups are changed.

    Parameters
    ----------
    text : str
        The step, as undo names it.
    verb : str
        What the step does, in a word or two.
    """
    clusters = [c for c in project.partition.clusters if c.number in changed]
    one = len(clusters) == 1
    noun = project.images.noun
    names = and_more([cluster.label for cluster in clusters], _NAMED)
    if not any(changed.values()):
        return f"Unlock {names}? Later cuts and edits can then change {'its' if one else 'their'} {noun}s."
    subject = f"The confirmed cluster {names}" if one else f"{len(clusters)} confirmed clusters ({names})"
    lost = sum(changed.values())
    if verb in _REPLACED:
        loss = "be replaced"
    elif lost == sum(len(cluster.members) for cluster in clusters):
        loss = f"lose all {'its' if one else 'their'} {noun}s"
    else:
        loss = f"lose {counted(lost, noun)}"
    return f"{text}? {subject} would {loss}."
