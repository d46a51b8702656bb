"""What the stand-in refuses, in the words and the shape in which the real one's framework does."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

_NAMES = {
    400: ("BadRequest", "bad-request"),
    401: ("NotAuthenticated", "not-authenticated"),
    403: ("Forbidden", "forbidden"),
    404: ("NotFound", "not-found"),
    405: ("MethodNotAllowed", "method-not-allowed"),
    409: ("Conflict", "conflict"),
    429: ("TooManyRequests", "too-many-requests"),
    500: ("GeneralError", "general-error"),
}


class Turned(Exception):
    """A call that is refused, with its status and what is said about it."""

    def __init__(self, status: int, message: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.errors = dict(errors or {})

    def as_answer(self) -> web.Response:
        """Name, message, code and class name; what is wrong with each field, where that is what is wrong."""
        name, class_name = _NAMES.get(self.status, _NAMES[500])
        told: dict[str, object] = {"name": name, "message": str(self), "code": self.status, "className": class_name}
        if self.errors:
            told["errors"] = self.errors
        return web.json_response(told, status=self.status)
