"""Small objects, read and written whole: `s3://` through boto3, anything else as a local file."""

from pathlib import Path
from urllib.parse import urlsplit


def read_bytes(uri: str) -> bytes:
    if _is_s3(uri):
        return _client().get_object(**_location(uri))["Body"].read()
    return _path(uri).read_bytes()


def write_bytes(uri: str, content: bytes, content_type: str) -> None:
    if _is_s3(uri):
        _client().put_object(**_location(uri), Body=content, ContentType=content_type)
        return
    path = _path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _is_s3(uri: str) -> bool:
    return uri.startswith("s3://")


def _client():
    import boto3  # here, so that runs on local files need no AWS library

    return boto3.client("s3")


def _location(uri: str) -> dict[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def _path(uri: str) -> Path:
    return Path(urlsplit(uri).path if uri.startswith("file:") else uri)
