"""What a person signed off: which decisions would take some of it back, and the question to ask first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from defect_workbench.core.project.decisions import UNDECIDED, Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import and_more, counted

# Takes a question, the word on the button that agrees, and what to do then.
Guard = Callable[[str, str, Callable[[], None]], None]

_NAMED = 4
_REPLACED = ("Merge", "Refine")


def taken_back(project: Project, after: Decisions) -> Mapping[int, int]:
    """The confirmed groups that other decisions would change, and how many images each would lose.

    One that would only be unlocked loses none. A proposal that nobody has looked at was not signed off,
    wherever the program put it.
    """
    before, proposal = project.decisions, project.proposal
    signed = before.held != UNDECIDED
    if proposal is not None:
        signed &= ~proposal.unreviewed
    leaving = np.where(signed & (after.held != before.held), before.held, UNDECIDED)
    found = {}
    for number, group in before.groups.items():
        if not group.confirmed:
            continue
        lost = int((leaving == number).sum())
        still = after.groups.get(number)
        if lost or (still is not None and not still.confirmed):
            found[number] = lost
    return found


def question(project: Project, text: str, verb: str, changed: Mapping[int, int]) -> str:
    """What to ask before confirmed groups are changed.

    Parameters
    ----------
    text : str
        The step, as undo names it.
    verb : str
        What it does, in a word or two.
    """
    clusters = [c for c in project.partition.clusters if c.number in changed]
    one = len(clusters) == 1
    few = and_more([cluster.label for cluster in clusters], _NAMED)
    if not any(changed.values()):
        return f"Unlock {few}? Later cuts and keys can then change what is in {'it' if one else 'them'}."
    subject = f"The confirmed cluster {few}" if one else f"{len(clusters)} confirmed clusters ({few})"
    lost = sum(changed.values())
    if verb in _REPLACED:
        fate = "be replaced"
    elif lost == sum(len(cluster.members) for cluster in clusters):
        fate = f"lose all {'its' if one else 'their'} images"
    else:
        fate = f"lose {counted(lost, 'image')}"
    return f"{text}? {subject} would {fate}."
