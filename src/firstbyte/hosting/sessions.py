"""Stateful sessions: which instance holds which, so that a session's requests go where its state is.

The container opens and closes sessions, in headers of its answers; a session lives as long as its instance at most.
Source: SageMaker Runtime API reference, "InvokeEndpoint", SessionId, NewSessionId and ClosedSessionId.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from firstbyte.hosting.ports import Clock

NEW_SESSION = "NEW_SESSION"
"""The SessionId that asks for a session."""
MAX_SESSIONS = 100_000
"""So many are remembered; the one opened longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session."""

    instance_id: str
    expires_at: datetime | None
    """None: when the container says."""


class Sessions:
    """The sessions that containers hold, by endpoint and id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: OrderedDict[tuple[str, str], Session] = OrderedDict()

    def open(self, endpoint_name: str, opened: str, instance_id: str) -> None:
        """Remember a session that a container opened: `ID; Expires=yyyy-mm-ddThh:mm:ssZ`."""
        session_id, *parameters = (part.strip() for part in opened.split(";"))
        expires_at = next((time for part in parameters if (time := _read_expires(part))), None)
        self._sessions[endpoint_name, session_id] = Session(instance_id, expires_at)
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)

    def find(self, endpoint_name: str, session_id: str) -> str | None:
        """The instance that holds a session; None if there is none, or none any more."""
        session = self._sessions.get((endpoint_name, session_id))
        if session is None:
            return None
        if session.expires_at is not None and self._clock.now() >= session.expires_at:
            self.close(endpoint_name, session_id)
            return None
        return session.instance_id

    def close(self, endpoint_name: str, closed: str) -> None:
        """Forget a session, if there is one."""
        self._sessions.pop((endpoint_name, closed.partition(";")[0].strip()), None)


def _read_expires(parameter: str) -> datetime | None:
    name, _, text = parameter.partition("=")
    if name.strip().lower() != "expires":
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
