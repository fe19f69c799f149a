"""Temporary credentials of AssumeRole: until they expire, whoever has them signs as a session of the role.

The host keeps them in memory, so they end with it; a client whose credentials refresh themselves asks for new ones.
Sources: AWS STS API reference, AssumeRole; IAM user guide, "Roles terms and concepts", for the hour of chained roles.
"""

import datetime
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.aws.rights import ROOT, Principal
from firstbyte.aws.sigv4 import Credentials
from firstbyte.edge.identity import role_id
from firstbyte.edge.operations import find_unserved

DEFAULT_DURATION_S = 3600
LONGEST_CHAINED_S = 3600
"""A role that was assumed with temporary credentials is kept for an hour at most."""
USUAL_TOKEN_BYTES = 160
"""Of a session token, unless a longer one is asked for."""
MAX_SESSIONS = 10_000
"""Of more, those end first that would have expired first."""

_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(?:[\x21-\x7e]+/)?([\w+=,.@-]{1,64})", re.ASCII)


@dataclass(slots=True)
class Sessions:
    """The sessions that were begun and have not expired."""

    account_id: str
    clock: Callable[[], datetime.datetime]
    _by_key: dict[str, Credentials] = field(default_factory=dict)

    def find(self, access_key_id: str) -> Credentials | None:
        """Return the credentials of a session. The verifier compares the token and the time."""
        return self._by_key.get(access_key_id)

    async def assume_role(self, call: Call) -> Mapping[str, Any]:
        """AssumeRole. Any role of the account may be assumed; the session has the rights of the caller."""
        caller = call.identity.principal if call.identity else ROOT
        if unserved := find_unserved(call.operation, call.params):
            raise ServiceError("ValidationError", unserved, status=400)
        role_name = self._check_role(call.params["RoleArn"], caller)
        session_name = call.params["RoleSessionName"]
        is_chained = call.identity is not None and call.identity.session_token is not None
        duration_s = _check_duration(call.params.get("DurationSeconds"), is_chained=is_chained)
        arn = f"arn:aws:sts::{self.account_id}:assumed-role/{role_name}/{session_name}"
        token_bytes = max(USUAL_TOKEN_BYTES, call.params.get("MinimumSessionTokenSize", 0))
        made = self._begin(Principal(arn, caller.rights), duration_s, token_bytes)
        answer = {
            "Credentials": {
                "AccessKeyId": made.access_key_id,
                "SecretAccessKey": made.secret_access_key,
                "SessionToken": made.session_token,
                "Expiration": made.expires_at,
            },
            "AssumedRoleUser": {"AssumedRoleId": f"{role_id(role_name)}:{session_name}", "Arn": arn},
        }
        source = call.params.get("SourceIdentity")
        return answer | ({"SourceIdentity": source} if source else {})

    def _check_role(self, arn: str, caller: Principal) -> str:
        """Return the name of a role of this account."""
        match = _ROLE_ARN.fullmatch(arn)
        if match is None:
            raise ServiceError("ValidationError", f"{arn} is invalid", status=400)
        if match[1] != self.account_id:
            message = f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            raise ServiceError("AccessDenied", message, status=403)
        return match[2]

    def _begin(self, principal: Principal, duration_s: int, token_bytes: int) -> Credentials:
        now = self.clock()
        self._by_key = {key: kept for key, kept in self._by_key.items() if _end_of(kept) > now}
        while len(self._by_key) >= MAX_SESSIONS:
            del self._by_key[min(self._by_key, key=lambda key: _end_of(self._by_key[key]))]
        made = Credentials(
            f"ASIA{secrets.token_hex(8).upper()}",
            secrets.token_hex(20),
            secrets.token_urlsafe(token_bytes)[:token_bytes],
            now.replace(microsecond=0) + datetime.timedelta(seconds=duration_s),
            principal,
        )
        self._by_key[made.access_key_id] = made
        return made


def _check_duration(wanted_s: int | None, *, is_chained: bool) -> int:
    """Return how long the session lasts. The service model has held it to 15 minutes and more already."""
    if is_chained and wanted_s is not None and wanted_s > LONGEST_CHAINED_S:
        message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise ServiceError("ValidationError", message, status=400)
    return DEFAULT_DURATION_S if wanted_s is None else wanted_s


def _end_of(credentials: Credentials) -> datetime.datetime:
    assert credentials.expires_at is not None, "every session has an end"
    return credentials.expires_at
