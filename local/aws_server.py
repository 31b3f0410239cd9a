"""Starts the local AWS with enforced policies, and with files that stay on disk.

Unchanged, it keeps every object of a versioned bucket and every part of an upload in memory. It loads the whole object
for each range that is read or copied, and ignores a range on a pinned version. A few files of a gigabyte would fill
the machine. This module replaces private functions of the local AWS to avoid that. Its release is pinned in
requirements.txt; if a function is gone, the start ends with an AttributeError.
"""

import mmap
import runpy
import tempfile
from contextvars import ContextVar
from pathlib import Path

import access  # noqa: F401 - takes effect by being there
from ministack.services import s3

_is_ranged: ContextVar[bool] = ContextVar("is_ranged", default=False)
_get_object, _read_body, _version_body = s3._get_object, s3._read_body, s3._version_body
_persist_object = s3._persist_object
_upload_part, _upload_part_copy = s3._upload_part, s3._upload_part_copy

# Parts of at least this many bytes go to disk; each such part keeps a file open.
LARGE_PART = 64 * 1024 * 1024


def _mapped(path):
    """The file as a buffer that reads only the sliced parts. None when it can't be mapped, such as an empty file."""
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
        # A checksum covers the whole object, but the client would compare it with the part.
        answer = {
            **{name: value for name, value in answer.items() if not name.lower().startswith("x-amz-checksum")},
            "Content-Length": str(end + 1 - start),
            "Content-Range": f"bytes {start}-{end}/{len(body)}",
        }
        body = body[start : end + 1]
    return status, answer, bytes(body) if isinstance(body, mmap.mmap) else body


def _put_part_on_disk(query_params):
    upload = s3._multipart_uploads.get(s3._qp(query_params, "uploadId"))
    part = upload and upload["parts"].get(int(s3._qp(query_params, "partNumber", "1")))
    if not part or not isinstance(part["body"], bytes) or len(part["body"]) < LARGE_PART:
        return
    # The file has no name, so it disappears with the part.
    with tempfile.TemporaryFile() as file:
        file.write(part["body"])
        file.flush()
        part["body"] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _part(bucket_name, key, body, query_params, headers):
    answer = _upload_part(bucket_name, key, body, query_params, headers)
    if answer[0] == 200:
        _put_part_on_disk(query_params)
    return answer


def _part_copy(bucket_name, key, query_params, headers):
    token = _is_ranged.set(bool(headers.get("x-amz-copy-source-range", "")))
    try:
        answer = _upload_part_copy(bucket_name, key, query_params, headers)
    finally:
        _is_ranged.reset(token)
    if answer[0] == 200:
        _put_part_on_disk(query_params)
    return answer


def _persist(bucket, key, obj):
    _persist_object(bucket, key, obj)
    if not isinstance(obj, dict) or obj.get("body") is not None:
        return
    # The newest version has the same bytes as the object, and these are now on disk.
    for version in s3._object_versions.get((bucket, key), []):
        if version["version_id"] == obj.get("version_id"):
            version["data"] = None


s3._get_object, s3._read_body, s3._version_body = _get, _object_body, _body_of_version
s3._persist_object = _persist
s3._upload_part, s3._upload_part_copy = _part, _part_copy
runpy.run_module("ministack.app", run_name="__main__", alter_sys=True)
