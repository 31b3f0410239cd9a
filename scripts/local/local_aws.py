"""Starts the local AWS with files that stay on disk.

As it comes it keeps every object of a versioned bucket in memory, loads the whole object for each range of it, and
ignores a range on a pinned version: some files of a gigabyte fill the machine. This is mended here, at functions that
its release keeps private: the release is pinned in requirements.txt, and a name that is gone ends the start with an
AttributeError.
"""

import mmap
import runpy
from contextvars import ContextVar
from pathlib import Path

from ministack.services import s3

_is_ranged: ContextVar[bool] = ContextVar("is_ranged", default=False)
_get_object, _read_body, _version_body = s3._get_object, s3._read_body, s3._version_body
_persist_object = s3._persist_object


def _mapped(path):
    """The file as a buffer that is read where it is sliced; None when it can't be mapped, as an empty one."""
    try:
        with Path(path).open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError, TypeError):
        return None


def _object_body(bucket_name, key, obj):
    mapped = _mapped(s3._object_disk_path(bucket_name, key)) if _is_ranged.get() and obj.get("body") is None else None
    return _read_body(bucket_name, key, obj) if mapped is None else mapped


def _body_of_version(bucket, bucket_name, key, version):
    is_stored = _is_ranged.get() and version.get("data") is None
    path = s3._version_disk_path(bucket_name, key, version["version_id"]) if is_stored else None
    mapped = _mapped(path)
    return _version_body(bucket, bucket_name, key, version) if mapped is None else mapped


def _get(bucket_name, key, headers, query_params=None):
    asked = headers.get("range", "")
    token = _is_ranged.set(bool(asked))
    try:
        status, answer, body = _get_object(bucket_name, key, headers, query_params)
    finally:
        _is_ranged.reset(token)
    found = s3._parse_range(asked, len(body)) if asked and status == 200 else None
    if found is not None:
        start, end = found
        status = 206
        # A checksum is that of the whole object, and would be held against the part.
        answer = {
            **{name: value for name, value in answer.items() if not name.lower().startswith("x-amz-checksum")},
            "Content-Length": str(end + 1 - start),
            "Content-Range": f"bytes {start}-{end}/{len(body)}",
        }
        body = body[start : end + 1]
    return status, answer, bytes(body) if isinstance(body, mmap.mmap) else body


def _persist(bucket, key, obj):
    _persist_object(bucket, key, obj)
    if not isinstance(obj, dict) or obj.get("body") is not None:
        return
    # The newest version's bytes are the object's, which now lie on disk.
    for version in s3._object_versions.get((bucket, key), []):
        if version["version_id"] == obj.get("version_id"):
            version["data"] = None


s3._get_object, s3._read_body, s3._version_body = _get, _object_body, _body_of_version
s3._persist_object = _persist
runpy.run_module("ministack.app", run_name="__main__", alter_sys=True)
