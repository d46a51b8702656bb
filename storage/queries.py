"""The named queries of `storage/sql/`, one file for each subject.

A query begins with `-- name: …` and says beneath what it is for. `{lesson}` in it stands for the columns of a lesson
record, `{lesson.*}` for the same qualified by `lesson`, always in the order in which the record is read back.
Parameters are `:name`. Nothing is put together from values.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from storage.columns import Columns


def load_queries(subject: str, **records: Columns[Any]) -> dict[str, str]:
    """The queries of one file by name, with the columns of `records` filled in."""
    text = files("storage").joinpath("sql", f"{subject}.sql").read_text(encoding="utf-8")
    queries = {}
    for block in re.split(r"^-- name: ", text, flags=re.MULTILINE)[1:]:
        name, _, body = block.partition("\n")
        sql = "\n".join(line for line in body.splitlines() if not line.startswith("--")).strip().removesuffix(";")
        queries[name.strip()] = re.sub(r"\{(\w+)(\.\*)?\}", lambda found: _listed(found, records), sql)
    return queries


def _listed(found: re.Match[str], records: dict[str, Columns[Any]]) -> str:
    alias = found[1]
    return records[alias].listed(alias if found[2] else "")
