"""The file from which a replay goes on: which one, when it is written, and what must be as it was."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.inventory.kept_files import state_folder
from local.replay.replay import Replay
from local.replay.state import ReplayState, StateError, load, save

SAVE_SECONDS = 60.0
"""Between two times that a file given with --resume is written. Longer: a machine that stops loses more. Shorter:
writing takes more of the time."""
SAVING_SHARE = 50
"""A file is written again after so many times what writing it took. More: large ones are written seldom. Less: writing
takes more than 2 % of the time."""
DIGEST_BYTES = 6


@dataclass
class Continuation:
    """The state of a replay in a file. `is_kept` says that the file is given by the user: it is then written while the
    replay runs and at its end, and the next replay reads only files that are not in it. Otherwise it exists only from
    an interruption until the end.
    """

    path: Path
    settings: Mapping[str, str]
    is_kept: bool
    clock: Callable[[], float] = time.monotonic
    _due_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._due_at = self.clock() + SAVE_SECONDS

    def begin(self, replay: Replay) -> int:
        """How many files the replay has done already, as the file says; 0 where there is none. Raises StateError."""
        state = load(self.path) if self.is_kept else None
        if state:
            self._check(state)
            state.restore(replay)
            self.is_kept = self.path.absolute().parent != state_folder()
        replay.between = lambda: self._save_if_due(replay)
        return replay.done.total()

    def interrupt(self, replay: Replay) -> None:
        """Writes the file, from which a later replay goes on. Raises StateError."""
        save(ReplayState.of(replay, self.settings), self.path)

    def end(self, replay: Replay) -> None:
        """Writes the file of a replay that is whole, or removes it. Raises StateError."""
        if self.is_kept:
            self.interrupt(replay)
        else:
            self.path.unlink(missing_ok=True)

    def _check(self, state: ReplayState) -> None:
        try:
            state.check(self.settings)
        except StateError as error:
            raise StateError(f"the replay in {self.path} {error}") from error

    def _save_if_due(self, replay: Replay) -> None:
        """A file that can't be written does not stop the replay: it is written again later, and at the end."""
        if self.is_kept and self.clock() >= self._due_at:
            began = self.clock()
            try:
                self.interrupt(replay)
            except StateError as error:
                replay.progress.hide()
                replay.complain(f"{error}; the replay goes on without it")
            took = self.clock() - began
            self._due_at = self.clock() + max(SAVE_SECONDS, SAVING_SHARE * took)


def continuation(given: Path | None, paths: Iterable[str], settings: Mapping[str, str]) -> Continuation:
    """The file that is given, or one of these paths and settings in the user's folder for such files."""
    if given:
        return Continuation(given, settings, is_kept=True)
    name = "\n".join([*paths, *(f"{option} {value}" for option, value in sorted(settings.items()))])
    digest = hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=DIGEST_BYTES).hexdigest()
    return Continuation(state_folder() / f"replay-{digest}.json.gz", settings, is_kept=False)


def digest_of(content: bytes) -> str:
    """Stands for the content of a file among the settings."""
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).hexdigest()
