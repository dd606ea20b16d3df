"""Where the shards of a run lie: a folder, or any store that fsspec knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ..errors import DataError
from ..store.run_folder import replace_file


class Shelf:
    """Where shards are put and taken from; a shard is there whole or not at all."""

    def __init__(self, address: str) -> None:
        """DataError if the address is none that this machine can write to."""
        self.address = address
        with _reached(address):
            self._files, self._root = fsspec.core.url_to_fs(address)

    def put(self, number: int, content: bytes) -> None:
        """DataError if it cannot be written."""
        with _reached(self.address):
            self._files.makedirs(self._root, exist_ok=True)
            if isinstance(self._files, LocalFileSystem):
                replace_file(Path(self._path(number)), content)
            else:
                self._files.pipe_file(self._path(number), content)

    def get(self, number: int) -> bytes | None:
        """What was put under this number; None if nothing was."""
        with suppress(FileNotFoundError), _reached(self.address):
            return self._files.cat_file(self._path(number))
        return None

    def has(self, number: int) -> bool:
        with _reached(self.address):
            return self._files.exists(self._path(number))

    def remove(self, number: int) -> None:
        """Take the shard away, if it is there."""
        with suppress(FileNotFoundError), _reached(self.address):
            self._files.rm_file(self._path(number))

    def clear_unfinished(self) -> None:
        """Take away what a killed process had begun to write in a folder of this machine."""
        if isinstance(self._files, LocalFileSystem):
            for partial in Path(self._root).glob(".*.jsonl.*"):
                partial.unlink(missing_ok=True)

    def _path(self, number: int) -> str:
        return f"{self._root}/{number:05}.jsonl"


@contextmanager
def _reached(address: str) -> Iterator[None]:
    """DataError that names the address, for what its store refuses."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, ImportError, NotImplementedError) as problem:
        raise DataError(
            f"Shards cannot be kept at {address}: {problem}. Give another address, or mend that and resume the run."
        ) from problem
