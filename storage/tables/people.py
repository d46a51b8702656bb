"""People and channels as rows: a person is one, each of their addresses another; a record joins the Slack one in."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from storage.columns import Columns, text_of
from storage.errors import NotStored
from storage.queries import load_queries
from storage.records import Channel, Person, PersonId, WorkspaceId, new_id
from storage.tables.table import Table

PERSON = Columns(Person)
CHANNEL = Columns(Channel)
SQL = load_queries("people", person=PERSON, channel=CHANNEL)


class PeopleTable(Table):
    """`storage.store.People`."""

    def find(self, workspace_id: WorkspaceId, user_id: str) -> Person | None:
        row = self._one(SQL["find"], workspace_id=workspace_id, user_id=user_id)
        return PERSON.from_row(row) if row else None

    def get(self, workspace_id: WorkspaceId, person_id: PersonId) -> Person:
        row = self._one(SQL["get"], workspace_id=workspace_id, person_id=person_id)
        if row is None:
            raise NotStored("person", person_id)
        return PERSON.from_row(row)

    def list_by_user_ids(self, workspace_id: WorkspaceId, user_ids: Collection[str]) -> dict[str, Person]:
        rows = self._all(SQL["list_by_user_ids"], workspace_id=workspace_id, user_ids=list(user_ids))
        people = [PERSON.from_row(row) for row in rows]
        return {person.user_id: person for person in people}

    def save(self, person: Person) -> Person:
        known = self.find(person.workspace_id, person.user_id)
        row = PERSON.to_row(person)
        if known is None:
            self._insert([row])
        else:
            row["id"] = known.id
            self._put(SQL["update_person"], row)
            self._put(SQL["update_address"], row)
        return self.get(person.workspace_id, PersonId(row["id"]))

    def ensure(self, workspace_id: WorkspaceId, user_ids: Iterable[str], *, now: datetime) -> dict[str, Person]:
        wanted = list(dict.fromkeys(user_ids))
        people = self.list_by_user_ids(workspace_id, wanted)
        # Nothing is known of them but the id, so that stands in for the name until somebody has looked.
        strangers = {
            user_id: Person(id=PersonId(new_id()), workspace_id=workspace_id, user_id=user_id, name=user_id)
            for user_id in wanted
            if user_id not in people
        }
        self._insert([PERSON.to_row(person) for person in strangers.values()], created_at=text_of(now))
        return {user_id: people.get(user_id) or strangers[user_id] for user_id in wanted}

    def _insert(self, rows: list[dict[str, object]], created_at: str | None = None) -> None:
        rows = [{**row, "created_at": created_at or row["checked_at"]} for row in rows]
        self._put_all(SQL["insert_person"], rows)
        self._put_all(SQL["insert_address"], rows)

    def save_channel(self, channel: Channel) -> None:
        self._put(SQL["save_channel"], CHANNEL.to_row(channel))

    def find_channel(self, workspace_id: WorkspaceId, channel_id: str) -> Channel | None:
        row = self._one(SQL["find_channel"], workspace_id=workspace_id, channel_id=channel_id)
        return CHANNEL.from_row(row) if row else None
