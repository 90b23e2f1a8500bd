"""Types of the settings: what a value may be. Errors, docs/settings.md and the JSON schema are made from them.

A type of text has a `title` that says what the text is, and examples.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from flowsentry.records.fields import DEFAULT_LOG_FORMAT, names_in_log_format
from stacks.settings.excerpts import cut

Value = TypeVar("Value")
CONTROLS = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""Characters in a class of a pattern that no reader sees: control characters, and marks of writing direction.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html#object-key-guidelines"""
RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
RESERVED_ENDINGS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
BUCKET_NAMING_RULES = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"
"""The page that these beginnings and endings are from."""


class BrokenRulesError(ValueError):
    """Values that are valid one by one and not together; `args` are the broken rules, a sentence each."""


class Section(BaseModel):
    """An object of settings: unknown keys are refused, and no value is converted. Each field's docstring is its
    description.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    @model_validator(mode="after")
    def _all_rules_hold(self) -> Self:
        if broken := list(self.broken_rules()):
            raise BrokenRulesError(*broken)
        return self

    def broken_rules(self) -> Iterator[str]:
        """The rules between the settings of this section that are broken, a sentence each."""
        yield from ()


def together(broken_rules: Callable[[Value], Iterable[str]]) -> AfterValidator:
    """A rule about all items of a list; `broken_rules` yields a sentence for each problem."""

    def checked(items: Value) -> Value:
        if broken := list(broken_rules(items)):
            raise BrokenRulesError(*broken)
        return items

    return AfterValidator(checked)


def repeated(values: Iterable[Hashable]) -> dict[Any, int]:
    """{value: how often it occurs} of the values that occur more than once."""
    return {value: times for value, times in Counter(values).items() if times > 1}


def _named_twice(names: Iterable[str]) -> Iterator[str]:
    yield from (f"{cut(name)} is named {times} times; allowed: once" for name, times in repeated(names).items())


NAMED_ONCE = together(_named_twice)
"""A list of names without duplicates. A construct or an API fails for the second of two equal names."""


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text))


def named_bucket(text: str) -> str:
    """The name of a bucket. Raises ValueError for one that the pattern of a bucket allows and S3 does not."""
    is_address = re.fullmatch(r"[0-9]+(\.[0-9]+){3}", text)
    if ".." in text or is_address or text.startswith(RESERVED_BEGINNINGS) or text.endswith(RESERVED_ENDINGS):
        raise ValueError(BUCKET_NAMING_RULES)
    return text


def _log_format(text: str) -> str:
    """The log format that is meant by `default`, or by fields as EC2 takes them."""
    if text == "default":
        return DEFAULT_LOG_FORMAT
    names_in_log_format(text)
    return text


Network = Annotated[
    str,
    # The module ipaddress also takes netmasks, host masks, and zones of IPv6, which no flow log record has.
    Field(
        pattern=r"^[0-9A-Fa-f.:]{2,45}/[0-9]{1,3}$",
        title="a CIDR block without host bits",
        examples=["10.0.0.0/8"],
    ),
    AfterValidator(_network),
]
LogFormat = Annotated[
    str,
    AfterValidator(_log_format),
    Field(title='"default" (the 14 fields of version 2) or fields', examples=["${version} ${srcaddr}"]),
]
VpcId = Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$", title="a VPC ID", examples=["vpc-0123456789abcdef0"])]
SubnetId = Annotated[
    str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$", title="a subnet ID", examples=["subnet-0123456789abcdef0"])
]
KmsKeyArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$",
        title="the ARN of a KMS key, not of an alias,",
        examples=["arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"],
    ),
]
Region = Annotated[str, Field(pattern=r"^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$", title="a Region", examples=["eu-west-1"])]
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Lengths: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1, less the two brackets around a path. Letters: those
# of https://www.rfc-editor.org/rfc/rfc5322#section-3.2.3, because AWS takes no others and domains in Punycode
# (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html).
Email = Annotated[
    str,
    Field(
        pattern=rf"^[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(\.{_LABEL})+$",
        max_length=254,
        title="an e-mail address",
        examples=["team@example.com"],
    ),
]

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html allows 512 characters
RolePath = Annotated[
    str,
    Field(
        pattern=r"^/([A-Za-z0-9_+=,.@-]{1,50}/){0,2}$",
        title="/ or one or two names of at most 50 characters, with / before, between and after them,",
        examples=["/flowsentry/"],
    ),
]


MAX_TAGS = 40
"""AWS allows 50 tags of a resource, some of which the app and CloudFormation add. Higher: an update fails. Lower: fewer
tags of yours. https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"""
OWN_TAGS = ("application", "Name")
"""Keys of tags that the app sets."""
_TAG_KEY = re.compile("[A-Za-z0-9_.:/+@ -]{1,128}")
_TAG_VALUE = re.compile("[A-Za-z0-9_.:/=+@ -]{1,255}")
"""The characters that all services accept; a key has no `=`, which separates it from the value in a condition. Alarms
take no empty value, and a Kinesis stream none of 256 characters.
https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"""


def differ_in_case(keys: Iterable[str]) -> str:
    """The first keys that are equal without regard to case, which IAM refuses; empty if there are none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
    """
    alike: dict[str, set[str]] = {}
    for key in keys:
        alike.setdefault(key.lower(), set()).add(key)
    return next((" and ".join(sorted(each)) for each in alike.values() if len(each) > 1), "")


def _usable_tags(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MAX_TAGS:
        raise ValueError(f"{len(tags)} tags; at most {MAX_TAGS}")
    if alike := differ_in_case(tags):
        raise ValueError(f"{alike} differ in case only; IAM takes one of them")
    for key, value in tags.items():
        if key.lower().startswith("aws:") or key.lower() in map(str.lower, OWN_TAGS):
            raise ValueError(f"a key does not begin with aws: and is not {' or '.join(OWN_TAGS)}")
        if not _TAG_KEY.fullmatch(key):
            raise ValueError("a key has 1 to 128 letters, digits, spaces and _.:/+-@")
        if not _TAG_VALUE.fullmatch(value):
            raise ValueError(f"the value of {key} has 1 to 255 letters, digits, spaces and _.:/=+-@")
    return tags


Tags = Annotated[dict[str, str], AfterValidator(_usable_tags)]


def _whole_number(value: Any) -> Any:
    """The number; true equals 1 and is none of the numbers."""
    if type(value) is not int:
        raise ValueError
    return value


_LogGroupDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
LogRetentionDays = Annotated[_LogGroupDays, BeforeValidator(_whole_number)]
LOG_GROUP_DAYS: tuple[int, ...] = get_args(_LogGroupDays)
"""The retentions that a log group can have.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
