"""Whether a resource policy admits a principal."""

from typing import Any

import pytest

from local.doctor.policies import Admission, admission

ROOT, ACCOUNT = "arn:aws:iam::123456789012:root", "123456789012"


def statement(**changed: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "s3:GetObject", "Resource": "*", **changed}


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([], Admission.SILENT),
        ([statement()], Admission.ALLOWED),
        (statement(), Admission.ALLOWED),
        ([statement(Principal="*")], Admission.ALLOWED),
        ([statement(Principal={"AWS": [ACCOUNT, "arn:other"]})], Admission.ALLOWED),
        ([statement(Principal={"AWS": "arn:aws:iam::210987654321:root"})], Admission.SILENT),
        ([statement(Action=["S3:get*"])], Admission.ALLOWED),
        ([statement(Action="s3:PutObject")], Admission.SILENT),
        ([statement(Action="s3:GetObjec?")], Admission.ALLOWED),
        ([statement(Condition={"StringEquals": {}})], Admission.CONDITIONAL),
        ([statement(), statement(Effect="Deny")], Admission.DENIED),
        ([statement(), statement(Effect="Deny", Condition={"Bool": {}})], Admission.ALLOWED),
        ([{}, None, "text"], Admission.SILENT),
    ],
)
def test_a_policy_is_read_as_iam_reads_it(statements: Any, said: Admission) -> None:
    assert admission({"Statement": statements}, (ROOT, ACCOUNT), "s3:GetObject") is said


OBJECTS = "arn:aws:s3:::logs/"
DENIAL = {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}
FUNCTION = "arn:aws:iam::123456789012:role/app/flowsentry-processing-Function-AB12"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"Resource": f"{OBJECTS}*"}, True),
        ({"Resource": [f"{OBJECTS}other/*", f"{OBJECTS}network/*"]}, True),
        ({"Resource": f"{OBJECTS}private/*"}, False),
        ({"Resource": f"{OBJECTS}NETWORK/*"}, False),
        ({"NotResource": f"{OBJECTS}network/*"}, False),
        ({"NotResource": f"{OBJECTS}private/*"}, True),
        ({"Resource": "*", "Action": None, "NotAction": "s3:PutObject"}, True),
        ({"Resource": "*", "Action": None, "NotAction": ["s3:get*"]}, False),
        ({"Resource": "*", "Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/x"}}, True),
        ({"Resource": "*", "Principal": None, "NotPrincipal": {"AWS": ROOT}}, True),
        ({"Resource": "*", "Principal": None, "NotPrincipal": {"AWS": [ROOT, FUNCTION]}}, False),
        ({"Resource": "*", "Principal": {"AWS": FUNCTION}}, True),
    ],
)
def test_a_denial_is_one_of_what_it_names_and_of_what_it_does_not_except(changed: dict[str, Any], says: object) -> None:
    denial = {key: value for key, value in {**DENIAL, **changed}.items() if value is not None}
    ours = (ROOT, ACCOUNT, "arn:aws:iam::123456789012:role/*flowsentry-processing-*")
    said = admission({"Statement": denial}, ours, "s3:GetObject", f"{OBJECTS}network/AWSLogs/a.gz")
    assert (said is Admission.DENIED) is says
