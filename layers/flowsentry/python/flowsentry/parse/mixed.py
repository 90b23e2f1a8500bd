"""Lines with one of several formats -> typed records of each: several flow logs may write to one log group.

A line does not state its format, and two formats may have the same number of fields. So a line has a format only when
it matches that one and no other: every value has its field's type and shape (`eni-…`, an address, a region), and its
version follows from the fields of the format. A line that matches none or several is rejected, not guessed.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from flowsentry.frames import MixedText, Parsed, RejectedLines
from flowsentry.parse.each_line import read_each, readable, rejected_among
from flowsentry.parse.values import finished
from flowsentry.records.fields import BY_NAME

FITS_NONE, FITS_SEVERAL = "fits-no-format", "fits-several-formats"


def parse_mixed(mixed: MixedText) -> Iterator[Parsed]:
    """The parsed lines, one result for each format; the first has the lines that match none or several."""
    line_texts = pl.read_lines(readable(mixed.text)).to_series() if mixed.text else pl.Series(dtype=pl.String)
    read = [read_each(names, line_texts) for names in mixed.formats]
    fits = [
        reasons.is_null().scatter(reasons.is_null().arg_true(), _fits(records, names))
        for names, (records, reasons) in zip(mixed.formats, read, strict=True)
    ]
    number = pl.select(pl.sum_horizontal(map(pl.lit, fits))).to_series()
    is_one = number == 1
    reasons = _reasons(number, [reasons for _, reasons in read]).filter(~is_one)
    rejected = rejected_among(line_texts, ~is_one, reasons, mixed.first_line)
    for names, (records, reasons), fit in zip(mixed.formats, read, fits, strict=True):
        kept = finished(records.filter((fit & is_one).filter(reasons.is_null())), names)
        yield Parsed(kept, rejected, len(kept) + rejected.total)
        rejected = RejectedLines()


def _reasons(number: pl.Series, reasons: Sequence[pl.Series]) -> pl.Series:
    """The reason why each line is no record of any format: the common one where all formats give the same reason."""
    first, *others = (pl.lit(each) for each in reasons)
    agreed = pl.all_horizontal(pl.lit(value=True), *(first == other for other in others))
    none = pl.when(agreed & first.is_not_null()).then(first).otherwise(pl.lit(FITS_NONE))
    return pl.select(
        pl.when(pl.lit(number) == 0).then(none).when(pl.lit(number) > 1).then(pl.lit(FITS_SEVERAL)).alias("reason")
    ).to_series()


def _fits(records: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """Whether all values of a row have the shape of their fields, and its version is the format's."""
    known = [BY_NAME[name] for name in names if name in BY_NAME]
    looks = [
        pl.col(field.column).cast(pl.String).str.contains(f"^(?:{field.shape})$") for field in known if field.shape
    ]
    return records.select(
        pl.all_horizontal(pl.lit(value=True), *(look.fill_null(value=True) for look in (*looks, *_versions(names))))
    ).to_series()


def _versions(names: Sequence[str]) -> Iterator[pl.Expr]:
    """Whether the version is the highest of the fields of the format; unknown fields may belong to a higher version.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
    """
    if "version" not in names:
        return
    highest = max(field.version for name in names if (field := BY_NAME.get(name)))
    is_known = all(name in BY_NAME for name in names)
    yield pl.col("version") == highest if is_known else pl.col("version") >= highest
