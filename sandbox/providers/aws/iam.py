"""Roles and policies. IAM is global: its resources have no region."""

import json

from sandbox.providers.aws.base import AwsResource, same_document, tag_changes, tag_list, tag_map, tagged
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.values import Properties

NOT_FOUND = ("NoSuchEntity",)


class Role(AwsResource):
    """aws.iam.Role"""

    type_name = "aws:iam/role:Role"
    sdk = ("iam", "Role")
    service = "iam"
    regional = False
    name = "name"
    create_only = frozenset({"name", "namePrefix", "path"})
    computed = ("arn", "createDate", "uniqueId", "tagsAll", "managedPolicyArns", "inlinePolicies")
    defaults = {"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False}
    write_only = frozenset({"forceDetachPolicies"})

    def create(self, inputs: Properties) -> str:
        self.client(inputs).create_role(
            RoleName=inputs["name"],
            Path=inputs["path"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description") or "",
            MaxSessionDuration=inputs["maxSessionDuration"],
            **tagged(inputs),
        )
        return str(inputs["name"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        iam = self.client(state, identity)
        found = missing_is_none(lambda: iam.get_role(RoleName=identity), *NOT_FOUND)
        if found is None:
            return None
        shown = found["Role"]
        tags = tag_map(iam.list_role_tags(RoleName=identity)["Tags"])
        attached = [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName=identity)["AttachedPolicies"]]
        return {
            "name": identity,
            "path": shown["Path"],
            "arn": shown["Arn"],
            "uniqueId": shown["RoleId"],
            "createDate": shown["CreateDate"].isoformat(),
            "description": shown.get("Description") or "",
            "maxSessionDuration": shown["MaxSessionDuration"],
            "assumeRolePolicy": _document(state.get("assumeRolePolicy"), shown["AssumeRolePolicyDocument"]),
            "managedPolicyArns": attached,
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        iam = self.client(new, identity)
        if "assumeRolePolicy" in changed:
            iam.update_assume_role_policy(RoleName=identity, PolicyDocument=new["assumeRolePolicy"])
        if changed & {"description", "maxSessionDuration"}:
            iam.update_role(
                RoleName=identity,
                Description=new.get("description") or "",
                MaxSessionDuration=new["maxSessionDuration"],
            )
        if "tags" in changed:
            wanted, unwanted = tag_changes(old, new)
            if unwanted:
                iam.untag_role(RoleName=identity, TagKeys=unwanted)
            if wanted:
                iam.tag_role(RoleName=identity, Tags=tag_list(wanted))

    def delete(self, identity: str, state: Properties) -> None:
        iam = self.client(state, identity)
        if state.get("forceDetachPolicies"):
            attached = missing_is_none(lambda: iam.list_attached_role_policies(RoleName=identity), *NOT_FOUND) or {}
            for policy in attached.get("AttachedPolicies", []):
                iam.detach_role_policy(RoleName=identity, PolicyArn=policy["PolicyArn"])
            inline = missing_is_none(lambda: iam.list_role_policies(RoleName=identity), *NOT_FOUND) or {}
            for name in inline.get("PolicyNames", []):
                iam.delete_role_policy(RoleName=identity, PolicyName=name)
        missing_is_none(lambda: iam.delete_role(RoleName=identity), *NOT_FOUND)


class RolePolicy(AwsResource):
    """aws.iam.RolePolicy"""

    type_name = "aws:iam/rolePolicy:RolePolicy"
    sdk = ("iam", "RolePolicy")
    service = "iam"
    regional = False
    name = "name"
    create_only = frozenset({"name", "namePrefix", "role"})

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def _put(self, inputs: Properties) -> None:
        self.client(inputs).put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )

    def read(self, identity: str, state: Properties) -> Properties | None:
        role, name = identity.split(":", 1)
        iam = self.client(state, identity)
        found = missing_is_none(lambda: iam.get_role_policy(RoleName=role, PolicyName=name), *NOT_FOUND)
        if found is None:
            return None
        return {"role": role, "name": name, "policy": _document(state.get("policy"), found["PolicyDocument"])}

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        self._put(new)

    def delete(self, identity: str, state: Properties) -> None:
        role, name = identity.split(":", 1)
        iam = self.client(state, identity)
        missing_is_none(lambda: iam.delete_role_policy(RoleName=role, PolicyName=name), *NOT_FOUND)


class Policy(AwsResource):
    """aws.iam.Policy"""

    type_name = "aws:iam/policy:Policy"
    sdk = ("iam", "Policy")
    service = "iam"
    regional = False
    name = "name"
    create_only = frozenset({"name", "namePrefix", "path", "description"})
    computed = ("arn", "policyId", "attachmentCount", "tagsAll")
    defaults = {"path": "/"}

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).create_policy(
            PolicyName=inputs["name"],
            Path=inputs["path"],
            PolicyDocument=inputs["policy"],
            Description=inputs.get("description") or "",
            **tagged(inputs),
        )
        return str(made["Policy"]["Arn"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        iam = self.client(state, identity)
        found = missing_is_none(lambda: iam.get_policy(PolicyArn=identity), *NOT_FOUND)
        if found is None:
            return None
        shown = found["Policy"]
        version = iam.get_policy_version(PolicyArn=identity, VersionId=shown["DefaultVersionId"])["PolicyVersion"]
        tags = tag_map(shown.get("Tags"))
        return {
            "name": shown["PolicyName"],
            "path": shown["Path"],
            "arn": identity,
            "policyId": shown["PolicyId"],
            "attachmentCount": shown.get("AttachmentCount", 0),
            "description": shown.get("Description") or "",
            "policy": _document(state.get("policy"), version["Document"]),
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        iam = self.client(new, identity)
        if "policy" in changed:
            for version in iam.list_policy_versions(PolicyArn=identity)["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=identity, VersionId=version["VersionId"])
            iam.create_policy_version(PolicyArn=identity, PolicyDocument=new["policy"], SetAsDefault=True)
        if "tags" in changed:
            wanted, unwanted = tag_changes(old, new)
            if unwanted:
                iam.untag_policy(PolicyArn=identity, TagKeys=unwanted)
            if wanted:
                iam.tag_policy(PolicyArn=identity, Tags=tag_list(wanted))

    def delete(self, identity: str, state: Properties) -> None:
        iam = self.client(state, identity)
        missing_is_none(lambda: iam.delete_policy(PolicyArn=identity), *NOT_FOUND)


class RolePolicyAttachment(AwsResource):
    """aws.iam.RolePolicyAttachment"""

    type_name = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    sdk = ("iam", "RolePolicyAttachment")
    service = "iam"
    regional = False
    create_only = frozenset({"*"})

    def create(self, inputs: Properties) -> str:
        self.client(inputs).attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, identity: str, state: Properties) -> Properties | None:
        role, arn = identity.split("/", 1)
        iam = self.client(state, identity)
        found = missing_is_none(lambda: iam.list_attached_role_policies(RoleName=role), *NOT_FOUND)
        if found is None or arn not in {policy["PolicyArn"] for policy in found["AttachedPolicies"]}:
            return None
        return {"role": role, "policyArn": arn}

    def delete(self, identity: str, state: Properties) -> None:
        role, arn = identity.split("/", 1)
        iam = self.client(state, identity)
        missing_is_none(lambda: iam.detach_role_policy(RoleName=role, PolicyArn=arn), *NOT_FOUND)


class OpenIdConnectProvider(AwsResource):
    """aws.iam.OpenIdConnectProvider"""

    type_name = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    sdk = ("iam", "OpenIdConnectProvider")
    service = "iam"
    regional = False
    create_only = frozenset({"url", "clientIdLists"})
    computed = ("arn", "thumbprintLists", "tagsAll")

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).create_open_id_connect_provider(
            Url=inputs["url"],
            ClientIDList=inputs["clientIdLists"],
            ThumbprintList=inputs.get("thumbprintLists") or [],
            **tagged(inputs),
        )
        return str(made["OpenIDConnectProviderArn"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        iam = self.client(state, identity)
        found = missing_is_none(lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=identity), *NOT_FOUND)
        if found is None:
            return None
        declared, tags = str(state.get("url") or ""), tag_map(found.get("Tags"))
        return {
            "arn": identity,
            "url": declared if declared.removeprefix("https://") == found["Url"] else found["Url"],
            "clientIdLists": found.get("ClientIDList") or [],
            "thumbprintLists": found.get("ThumbprintList") or [],
            "tags": tags,
            "tagsAll": tags,
        }

    def delete(self, identity: str, state: Properties) -> None:
        iam = self.client(state, identity)
        missing_is_none(lambda: iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=identity), *NOT_FOUND)


def _document(declared: object, real: object) -> object:
    return same_document(declared, real if isinstance(real, str) else json.dumps(real, sort_keys=True))


class InstanceProfile(AwsResource):
    """aws.iam.InstanceProfile"""

    type_name = "aws:iam/instanceProfile:InstanceProfile"
    sdk = ("iam", "InstanceProfile")
    service = "iam"
    regional = False
    name = "name"
    create_only = frozenset({"name", "namePrefix", "path"})
    computed = ("arn", "createDate", "uniqueId", "tagsAll")
    defaults = {"path": "/"}

    def create(self, inputs: Properties) -> str:
        iam = self.client(inputs)
        iam.create_instance_profile(InstanceProfileName=inputs["name"], Path=inputs["path"], **tagged(inputs))
        if inputs.get("role"):
            iam.add_role_to_instance_profile(InstanceProfileName=inputs["name"], RoleName=inputs["role"])
        return str(inputs["name"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        iam = self.client(state, identity)
        found = missing_is_none(lambda: iam.get_instance_profile(InstanceProfileName=identity), *NOT_FOUND)
        if found is None:
            return None
        shown = found["InstanceProfile"]
        tags = tag_map(shown.get("Tags"))
        return {
            "name": identity,
            "path": shown["Path"],
            "arn": shown["Arn"],
            "uniqueId": shown["InstanceProfileId"],
            "createDate": shown["CreateDate"].isoformat(),
            **({"role": shown["Roles"][0]["RoleName"]} if shown["Roles"] else {}),
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        iam = self.client(new, identity)
        if "role" in changed:
            if old.get("role"):
                iam.remove_role_from_instance_profile(InstanceProfileName=identity, RoleName=old["role"])
            if new.get("role"):
                iam.add_role_to_instance_profile(InstanceProfileName=identity, RoleName=new["role"])
        if "tags" in changed:
            wanted, unwanted = tag_changes(old, new)
            if unwanted:
                iam.untag_instance_profile(InstanceProfileName=identity, TagKeys=unwanted)
            if wanted:
                iam.tag_instance_profile(InstanceProfileName=identity, Tags=tag_list(wanted))

    def delete(self, identity: str, state: Properties) -> None:
        iam = self.client(state, identity)
        found = missing_is_none(lambda: iam.get_instance_profile(InstanceProfileName=identity), *NOT_FOUND)
        for role in found["InstanceProfile"]["Roles"] if found else []:
            iam.remove_role_from_instance_profile(InstanceProfileName=identity, RoleName=role["RoleName"])
        missing_is_none(lambda: iam.delete_instance_profile(InstanceProfileName=identity), *NOT_FOUND)


RESOURCES = (InstanceProfile, Role, RolePolicy, Policy, RolePolicyAttachment, OpenIdConnectProvider)
