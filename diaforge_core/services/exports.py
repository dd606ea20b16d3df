"""Datasets as files: for training tools, for spreadsheets, and the card that goes with each."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, get_args

from ..conversation.exchange.carried import FIELD
from ..conversation.exchange.forms import FORMS, Row
from ..conversation.exchange.messages import RowProblem
from ..conversation.exchange.writing import write_rows
from ..errors import DataError, problem_list
from ..generator.identity import as_markdown
from ..records.dialogue import Dialogue
from ..records.tool import Catalog
from .dialogue_list import write_list

if TYPE_CHECKING:
    from .workspace import Workspace

Format = Literal["trl", "trl-parquet", "openai", "sharegpt", "dpo", "corpus", "dialogues", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""All but `csv`, a list for a spreadsheet, hold the kept dialogues whole and are taken back by `load`."""
MOST_MEASURED = 20_000
"""Kept dialogues up to which an export waits for their variety: the time grows with the square."""
LONGEST_DESCRIPTION = 1_024
"""Characters of a tool's description that OpenAI takes."""
_USED_BY: dict[Format, str] = {
    "trl": 'load_dataset("json", data_files="{file}"), then SFTTrainer. Numbers are read to ten decimals; '
    "in Parquet they are read whole.",
    "trl-parquet": 'load_dataset("parquet", data_files="{file}"), then SFTTrainer.',
    "openai": 'client.files.create(file=open("{file}", "rb"), purpose="fine-tune").',
    "sharegpt": 'LLaMA-Factory, by this entry of dataset_info.json: {{"file_name": "{file}", "formatting": "sharegpt", '
    '"columns": {{"messages": "conversations", "system": "system", "tools": "tools"}}}}.',
    "dpo": 'load_dataset("json", data_files="{file}"), then DPOTrainer.',
    "corpus": 'load_dataset("json", data_files="{file}"); each tool is JSON text.',
    "dialogues": "python -m diaforge_core load {file} --dataset NAME.",
    "csv": "A spreadsheet.",
}
"""How a file of each form is used."""


NO_TOOLS = Catalog(name="", tools=())


class Exports:
    """Writing datasets out."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def export(self, dataset: str, format: Format, out: str | Path, *, licence: str = "", bare: bool = False) -> int:
        """How many rows were written to the file `out`, with the card as `OUT.md` beside it.

        Of the dataset's kept dialogues; a `csv` lists all. `bare` leaves out the field from which `load` makes the
        dialogues again, for services that refuse a field they do not know. Each file appears whole or not at all.
        DataError for an unknown form, dialogues that the form cannot hold, or a file that cannot be written.
        """
        target = Path(out).expanduser()
        count = replaced(target, lambda file: self._write(dataset, format, file, bare))
        card = self.card(dataset, format, target.name, licence)
        replaced(card_of(target), lambda file: file.write(card.encode()))
        return count

    def content(self, dataset: str, format: Format) -> bytes:
        """The same file in memory."""
        file = io.BytesIO()
        self._write(dataset, format, file, bare=False)
        return file.getvalue()

    def rows(self, dataset: str, format: Format) -> list[Row]:
        """The rows of a file of any form but `csv`, before they are written."""
        return list(self._rows(dataset, format))

    def warnings(self, dataset: str, format: Format | None = None) -> list[str]:
        """One sentence for each floor of variety that the kept dialogues break, for duplicates, and what a form minds.

        Above `MOST_MEASURED` dialogues, one that says that they were not measured.
        """
        long = self._long_descriptions(dataset) if format == "openai" else ()
        said = (
            [f"OpenAI takes no description over {LONGEST_DESCRIPTION:,} characters: {', '.join(long)}."] if long else []
        )
        if self._workspace.datasets.info(dataset).kept > MOST_MEASURED:
            return [*said, f"Variety was not measured: the dataset holds more than {MOST_MEASURED:,} kept dialogues."]
        report = self._workspace.variety.report(dataset)
        said += [
            f"{floor.name.capitalize()}: {floor.value:.1%}, {'under' if floor.at_least else 'over'} {floor.limit:.1%}."
            for floor in report.below
        ]
        again = sum(len(cluster) - 1 for cluster in report.diversity.near_duplicates)
        if again:
            said.append(f"{again} of {report.diversity.dialogues} dialogues say the same as another one.")
        return said

    def card(self, dataset: str, format: Format | None = None, file: str = "", licence: str = "") -> str:
        """The card that goes with an export, in Markdown: what made the dataset, who reviewed it, how it is used.

        And where it is too little varied. A licence that is not given is said to be missing.
        """
        warnings = self.warnings(dataset, format)
        lines = ["", *_section("Licence", [licence.strip() or "Not stated: ask its owner before you use it."])]
        if format:
            lines += _section("Use", [_USED_BY[format].format(file=file or file_name(dataset, format))])
        if warnings:
            lines += _section("Warnings", [f"- {warning}" for warning in warnings])
        return as_markdown(self._workspace.profiles.identity(dataset)) + "\n".join(lines)

    def _write(self, dataset: str, format: Format, file: BinaryIO, bare: bool) -> int:
        _check(format, FORMATS)
        if format == "csv":
            self._workspace.datasets.info(dataset)
            return write_list(self._workspace, dataset, file)
        rows = self._rows(dataset, format)
        count = write_rows((_bare(row) for row in rows) if bare else rows, FORMS[format], file)
        if not count:
            raise DataError(f"Dataset '{dataset}' has no kept dialogue to export. Accept some in Review.")
        return count

    def _rows(self, dataset: str, format: Format) -> Iterator[Row]:
        """DataError behind the last row, if some dialogues cannot be written in this form."""
        _check(format, FORMS)
        form, catalog_of = FORMS[format], self._catalogs()
        problems: list[tuple[str, str]] = []
        for dialogue in self._workspace.datasets.stream(dataset):
            try:
                yield from form.write(dialogue, catalog_of(dialogue) if form.shows_tools else NO_TOOLS)
            except RowProblem as problem:
                problems.append((dialogue.id, str(problem)))
        if problems:
            advice = "Nothing was exported. Edit or reject them in Review, or take another form."
            raise DataError(problem_list(f"{dataset}: some dialogues cannot be written as {format}.", problems, advice))

    def _long_descriptions(self, dataset: str) -> list[str]:
        """Names of the tools shown whose description is longer than OpenAI takes."""
        catalog_of = self._catalogs()
        shown = {
            tool.name: tool.text
            for dialogue in self._workspace.datasets.stream(dataset)
            for tool in catalog_of(dialogue).subset(dialogue.scenario.candidates)
        }
        return sorted(name for name, text in shown.items() if len(text) > LONGEST_DESCRIPTION)

    def _catalogs(self) -> Callable[[Dialogue], Catalog]:
        """Finds the catalog of a dialogue, each version once."""
        found: dict[tuple[str, str], Catalog] = {}

        def of(dialogue: Dialogue) -> Catalog:
            key = dialogue.scenario.catalog, dialogue.scenario.catalog_version
            if key not in found:
                found[key] = self._workspace.catalogs.find(*key)
            return found[key]

        return of


def _check(format: str, among: Iterable[str]) -> None:
    if format not in among:
        raise DataError(f"'{format}' is no form for this. Use one of: {', '.join(among)}.")


def file_name(dataset: str, format: Format) -> str:
    """What a file of this form is called where nobody named it."""
    if format == "csv":
        return f"{dataset}.csv"
    return f"{dataset}-{format.partition('-')[0]}.{FORMS[format].suffix}"


def card_of(file: Path) -> Path:
    """Where the card of an exported file lies."""
    return file.with_name(f"{file.name}.md")


def _bare(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != FIELD}


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""]


def replaced(target: Path, write: Callable[[BinaryIO], int]) -> int:
    """What `write` gives; the file is what it wrote, or as it was before. DataError if it cannot be written."""
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            done = write(file)
        partial.replace(target)
    except OSError as problem:
        raise DataError(f"{target} cannot be written: {problem.strerror}. Give another file with --out.") from problem
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    return done
