"""What stands in the way of an act: the person's role, somebody else's lease, a judgement that is to be blind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import DataError
from ..records.review import DecisionKind
from .opinions import JUDGEMENTS

if TYPE_CHECKING:
    from .workspace import Workspace

EDITS: tuple[DecisionKind, ...] = ("edit", "restore")


class Gate:
    """Passed by every act of people on dialogues of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def check(self, dialogues: Sequence[str], kind: DecisionKind, who: str) -> None:
        """NotAllowed if the person's role does not allow it; DataError with the first reason of `refusals`."""
        self._workspace.people.check(who, "edit" if kind in EDITS else "decide")
        for why in self.refusals(dialogues, kind, who).values():
            raise DataError(why)

    def refusals(self, dialogues: Sequence[str], kind: DecisionKind, who: str) -> dict[str, str]:
        """Dialogue → why this cannot be done to it now; those that nothing stands in the way of are left out."""
        held = self._workspace.leases.held_by_others(dialogues, who)
        found = {key: self._workspace.leases.refusal(key, who) for key in held}
        if kind in JUDGEMENTS:
            for key in self._workspace.queues.shared(dialogues):
                found[key] = found.get(key) or self._workspace.opinions.refusal(key, who)
        return {key: why for key, why in found.items() if why}
