"""Settings for member accounts: other accounts whose flow logs are delivered to the log bucket of this deployment."""

from typing import Annotated

from pydantic import Field

from stacks.settings.values import NAMED_ONCE, Section

MAX_MEMBER_ACCOUNTS = 150
"""Accounts that are named one by one. Higher: the policy of the log bucket exceeds its 20 KB. Lower: fewer accounts
without an organization. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html"""

# https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
OrganizationId = Annotated[
    str, Field(pattern=r"^o-[a-z0-9]{10,32}$", title="the ID of an organization", examples=["o-exampleorgid"])
]
AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$", title="an account ID", examples=["123456789012"])]


class MemberSettings(Section):
    """The accounts that deliver to the log bucket, beside the own account: they are admitted by its policy."""

    organization_id: OrganizationId = ""
    """Every account of this organization may deliver flow logs, of every Region, to the log bucket: [several
    accounts](several-accounts.md). The bucket admits accounts that join later without a deployment."""
    member_account_ids: Annotated[tuple[AccountId, ...], NAMED_ONCE] = Field(default=(), max_length=MAX_MEMBER_ACCOUNTS)
    """Accounts that may deliver too, in addition to those of `organization_id`: without an organization, or of another
    one. Each is named in the policy of the log bucket, so that a new account needs a deployment."""

    @property
    def has_members(self) -> bool:
        """Whether other accounts may deliver to the log bucket."""
        return bool(self.organization_id or self.member_account_ids)
