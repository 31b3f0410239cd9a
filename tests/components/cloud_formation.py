"""Reads resources as `@pulumi/aws-native` takes them, writes the CloudFormation template that they are, and judges it.

stdin:  {"region": ..., "resources": [{"type": "aws-native:s3:Bucket", "id": ..., "inputs": {...}, "after": [...]}]}
stdout: {"template": {...}, "findings": ["E3002 Resources/Bronze/Properties/...: what is wrong"]}
"""

from __future__ import annotations

import json
import sys
from typing import Any

from cfnlint.api import lint
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

Schema = dict[str, Any]


def resource_type(token: str, region: str) -> str:
    """`AWS::S3::Bucket` for `aws-native:s3:Bucket`; the provider folds only the service's name."""
    wanted = token.replace("aws-native:", "AWS::").replace(":", "::").replace("::::", "::").lower()
    found = [name for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(region) if name.lower() == wanted]
    if len(found) != 1:
        raise SystemExit(f"{token} is no CloudFormation type in {region}")
    return found[0]


def resolve(schema: Schema, root: Schema) -> Schema:
    """The schema that a `$ref` names; where it offers several, one with all their properties."""
    while "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    offered = [resolve(option, root) for option in [*schema.get("oneOf", []), *schema.get("anyOf", [])]]
    properties = {name: value for option in offered for name, value in option.get("properties", {}).items()}
    return {**schema, "properties": {**properties, **schema.get("properties", {})}} if properties else schema


def rename(value: Any, schema: Schema, root: Schema) -> Any:
    """Spells properties as the schema does: `kmsMasterKeyId` is KMSMasterKeyID to S3 and KmsMasterKeyId to SQS.

    What the schema leaves free, such as a policy, stays as it is; what it does not know gets a capital and so is found.
    """
    schema = resolve(schema, root)
    if isinstance(value, list):
        return [rename(item, schema.get("items", {}), root) for item in value]
    known = schema.get("properties")
    if not isinstance(value, dict) or not known:
        return value
    spelled = {name.lower(): name for name in known}
    renamed = {}
    for key, child in value.items():
        name = spelled.get(key.lower(), key[:1].upper() + key[1:])
        renamed[name] = rename(child, known.get(name, {}), root)
    return renamed


def main() -> None:
    request = json.load(sys.stdin)
    region = request["region"]
    resources = {}
    for resource in request["resources"]:
        name = resource_type(resource["type"], region)
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, name).schema
        resources[resource["id"]] = {
            "Type": name,
            "Properties": rename(resource["inputs"], schema, schema),
            **({"DependsOn": resource["after"]} if resource["after"] else {}),
        }
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    findings = [
        f"{match.rule.id} {'/'.join(str(part) for part in match.path)}: {match.message}"
        for match in lint(json.dumps(template), regions=[region])
    ]
    json.dump({"template": template, "findings": findings}, sys.stdout)


main()
