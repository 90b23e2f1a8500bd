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
