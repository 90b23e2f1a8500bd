"""GeoIP databases: objects that already exist in S3, and local files that are uploaded with the app."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk.aws_s3_assets import Asset
from constructs import Construct

from stacks.settings.inventory import bucket_and_key, is_address, local_file


class GeoDatabases(Construct):
    """URIs (`addresses`, `s3://…`) and `arns` of the objects, in the order of the settings."""

    def __init__(self, scope: Construct, id_: str, *, databases: Sequence[str]) -> None:
        super().__init__(scope, id_)
        objects = [bucket_and_key(each) if is_address(each) else self._uploaded(each) for each in databases]
        self.addresses = [f"s3://{bucket}/{key}" for bucket, key in objects]
        self.arns = [self._arn(bucket, key) for bucket, key in objects]

    def _uploaded(self, path: str) -> tuple[str, str]:
        asset = Asset(self, f"File-{path.replace('/', ':')}", path=str(local_file(path)))
        return asset.s3_bucket_name, asset.s3_object_key

    def _arn(self, bucket: str, key: str) -> str:
        return f"arn:{Stack.of(self).partition}:s3:::{bucket}/{key}"
