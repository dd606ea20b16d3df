"""The failures that a person can mend, each one message: what, where, why, what to do."""

from __future__ import annotations


class DiaForgeError(Exception):
    """A problem that is the user's to fix; shown as its message, never as a traceback."""


class CatalogError(DiaForgeError):
    """A catalog, tool or parameter that is not there or cannot be read."""


class DataError(DiaForgeError):
    """Dialogues, datasets or runs that are not there or cannot be read."""


class ModelError(DiaForgeError):
    """A model that is not on this machine, or that cannot be loaded or reached."""


class Unanswered(ModelError):
    """A model that gave no answer at all, whatever it was asked: nothing is learnt from what needed it."""


class RunStopped(DiaForgeError):
    """The end of a whole run; what is finished stays valid, and the rest is done when the run is resumed."""


class BudgetReached(RunStopped):
    """The next request to a model could cost more than the user allowed."""


class Interrupted(RunStopped):
    """Somebody asked the run to stop while it waited for a model."""


class WorkspaceError(DiaForgeError):
    """A workspace that cannot be opened, written or shared."""


class NotAllowed(DiaForgeError):
    """What a person's role does not let them do."""


def problem_list(headline: str, problems: list[tuple[str, str]], advice: str, shown: int = 12) -> str:
    """One message with every problem as a `where: why` line, at most `shown` of them, then what to do."""
    lines = [headline, *(f"- `{where}`: {why}" for where, why in problems[:shown])]
    if len(problems) > shown:
        lines.append(f"- and {len(problems) - shown} more")
    return "\n".join([*lines, "", advice])
