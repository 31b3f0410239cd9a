"""Makes the local AWS enforce the stack's policies, and records the requests that they decide on.

With AUTH=true the local AWS enforces policies itself, but its requests lack two facts: the key of a put, and that the
loopback, which has no TLS, counts as secure. This module adds both by replacing private functions of the local AWS. Its
release is pinned in requirements.txt; if a function is gone, the start ends with an AttributeError.
"""

import json
import os
from pathlib import Path

from ministack.core import iam_actions, iam_evaluator
from ministack.services import s3

_enforce = iam_evaluator.enforce
_object_context = iam_actions._s3_object_context
_pin_request_origin = iam_evaluator.pin_request_origin

KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"


def _pin_origin(source_ip, _secure_transport):
    _pin_request_origin(source_ip, True)


def _with_key(action, query_params, path, headers):
    context = _object_context(action, query_params, path, headers)
    if "s3:x-amz-server-side-encryption" not in context:
        return context
    upload = s3._multipart_uploads.get(iam_actions._query_param(query_params, "uploadId"))
    key = (upload["preserved_headers"] if upload else headers).get(KEY_HEADER)
    return {**context, f"s3:{KEY_HEADER}": key} if key else context


class _Calls:
    """The calls that roles made, as lines of JSON; each kind of call is written once."""

    def __init__(self, path):
        self._path = Path(path)
        self._path.write_text("")
        self._known = set()

    def add(self, call):
        line = json.dumps(call, sort_keys=True)
        if line not in self._known:
            self._known.add(line)
            with self._path.open("a") as file:
                file.write(f"{line}\n")


_calls = _Calls(os.environ["CALLS_FILE"])


def _recorded(access_key, action, service, region, resource_arn="*", service_context=None):
    refusal = _enforce(access_key, action, service, region, resource_arn, service_context)
    principal = getattr(iam_evaluator.resolve_credential(access_key or ""), "principal_arn", "")
    if ":assumed-role/" in principal:
        _calls.add(
            {
                "role": iam_evaluator._role_name_from_assumed_arn(principal),
                "action": action,
                "resource": resource_arn,
                "conditions": {key: value for key, value in (service_context or {}).items() if value},
                "allowed": refusal is None,
            }
        )
    return refusal


iam_evaluator.enforce = _recorded
iam_evaluator.pin_request_origin = _pin_origin
iam_actions._s3_object_context = _with_key
