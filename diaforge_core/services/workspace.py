"""The one door of pages and command line to everything in a workspace folder."""

from __future__ import annotations

import getpass
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import WorkspaceError
from ..settings import models_dir, settings, workspace_dir
from ..store.database import Database
from ..store.events import EventLog
from ..store.ownership import Ownership
from .acts import Acts
from .agreement import Agreements
from .bulk import Bulk
from .catalogs import Catalogs
from .comments import Comments
from .coverage import Coverage
from .datasets import Datasets
from .demo import Demo
from .drafts import Drafts
from .editing import Editing
from .evaluation import Evaluation
from .exports import Exports
from .failures import Failures
from .faults import Faults
from .finding import Finding
from .gate import Gate
from .generation import Generation
from .housekeeping import Housekeeping
from .jobs import Jobs
from .labels import Labels
from .leaks import Leaks
from .leases import Leases
from .looks import Looks
from .masks import Masks
from .models import Models
from .notes import Notes
from .opinions import Opinions
from .people import People
from .playground import Playground
from .preflight import Preflights
from .profiles import Profiles
from .queues import Queues
from .recovery import replay_decisions, replay_notes
from .review import Review
from .studies import Studies
from .trace_exports import TraceExports
from .trace_notes import TraceNotes
from .traces import Traces
from .training import Training
from .variety import Variety
from .views import Views
from .weights import Weights

if TYPE_CHECKING:
    from .handover import HandoverServer

POLL_SECONDS = 1.0
"""How often an app takes run folders in while no page asks: a queued run starts within it."""


class Workspace:
    """An open workspace: this process owns its database until `close`."""

    def __init__(self, folder: Path, owner: Ownership) -> None:
        self.folder = folder
        """The workspace folder."""
        self.models_dir = models_dir(folder)
        self.database = Database(folder / "diaforge.duckdb")
        self.events = EventLog(folder / "decisions.jsonl")
        self.owner = owner
        self.notices: list[str] = list(self.events.notices)
        """What was found amiss and mended at the start, for people to read; usually empty."""
        self.notes = Notes(self)
        self.people = People(self)
        self.models = Models(self)
        self.catalogs = Catalogs(self)
        self.datasets = Datasets(self)
        self.finding = Finding(self)
        self.views = Views(self)
        self.jobs = Jobs(self)
        self.generation = Generation(self)
        self.coverage = Coverage(self)
        self.variety = Variety(self)
        self.profiles = Profiles(self)
        self.acts = Acts(self)
        self.gate = Gate(self)
        self.review = Review(self)
        self.labels = Labels(self)
        self.comments = Comments(self)
        self.leases = Leases(self)
        self.opinions = Opinions(self)
        self.queues = Queues(self)
        self.agreement = Agreements(self)
        self.editing = Editing(self)
        self.drafts = Drafts(self)
        self.bulk = Bulk(self)
        self.training = Training(self)
        self.preflight = Preflights(self)
        self.masks = Masks(self)
        self.leaks = Leaks(self)
        self.weights = Weights(self)
        self.evaluation = Evaluation(self)
        self.traces = Traces(self)
        self.trace_notes = TraceNotes(self)
        self.trace_exports = TraceExports(self)
        self.faults = Faults(self)
        self.looks = Looks(self)
        self.failures = Failures(self)
        self.playground = Playground(self)
        self.exports = Exports(self)
        self.housekeeping = Housekeeping(self)
        self.demo = Demo(self)
        self.studies = Studies(self)
        self._stopped = threading.Event()
        self._handover: HandoverServer | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a catalog nor a dataset nor a run."""
        return not (self.catalogs.names() or self.datasets.names() or self.jobs.all())

    def serve_handover(self) -> None:
        """Start taking commands from the command line, and taking run folders in, until `close`."""
        from .handover import HandoverServer

        self._handover = HandoverServer(self)
        self.owner.publish(self._handover.port, self._handover.token)
        self._handover.start()
        threading.Thread(target=self._keep_polling, name="diaforge-poll", daemon=True).start()

    def close(self) -> None:
        """Give the workspace up; runs go on in their own processes. Closing twice does nothing."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        if self._handover is not None:
            self._handover.stop()
        self.studies.close()
        self.playground.close()
        self.review.close()
        self.database.close()
        self.owner.release()

    def _keep_polling(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            self.jobs.poll()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_workspace(
    path: str | Path | None = None, *, serve_handover: bool = False, what: str = "app", wait_seconds: float = 0.0
) -> Workspace:
    """The workspace at `path` (see `settings.workspace_dir`), created if need be and owned by this process.

    `serve_handover=True`, as the app says, lets the command line hand its commands to this process. `wait_seconds` is
    the patience with another holder. WorkspaceError naming the holder if it keeps it, or if it cannot be written.
    """
    folder = workspace_dir(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise WorkspaceError(
            f"The workspace {folder} cannot be made: {problem.strerror}. Give another one with --workspace DIR."
        ) from problem
    owner = Ownership(folder)
    owner.acquire(what, wait_seconds)
    try:
        workspace = Workspace(folder, owner)
        workspace.jobs.recover()
        workspace.notices += replay_decisions(workspace.database, workspace.events)
        workspace.notices += replay_notes(workspace.database, workspace.events)
        workspace.notes.read_anew()
        workspace.housekeeping.purge()
    except BaseException:
        owner.release()
        raise
    if serve_handover:
        workspace.serve_handover()
    return workspace


def user_name() -> str:
    """The name that decisions are signed with: `DIAFORGE_USER`, else the login name, else "someone"."""
    try:
        return settings().user or getpass.getuser()
    except (KeyError, OSError):
        return "someone"
