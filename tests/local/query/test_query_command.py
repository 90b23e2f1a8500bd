"""flowsentry query: which files it reads, which times, how it prints, and what it says when it has no answer."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from local.cli import main
from local.query import database, output
from local.query.database import Answer
from local.query.files import files_at
from local.query.time_range import TimeRange, moment
from stacks.analytics.queries import QUERIES
from stacks.analytics.rule_usage import RULE_USAGE_QUERIES
from tests.builders import NOON, exchange, line
from tests.local.query.planted import CLIENT, DATABASE, EXTENDED, FORMATS, SCANNER, WEB, traffic, write_enriched
from tests.rule_usage.network import inventory, rule, usage

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command; what comes back are its exit code, output and errors."""

    def command(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main(["query", *map(str, arguments)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def sources(printed: str) -> list[str]:
    return [json.loads(each)["source"] for each in printed.splitlines()]


def test_the_list_has_every_query_with_its_question_and_options(run: Run) -> None:
    code, printed, _ = run("--list")
    assert code == 0
    header, *lines = printed.splitlines()
    assert header.split() == ["query", "question", "needs"]
    queries = (*QUERIES, *RULE_USAGE_QUERIES)
    assert [each.split()[0] for each in lines] == [query.name for query in queries]
    assert all(query.question in each for query, each in zip(queries, lines, strict=True))
    assert next(each for each in lines if each.startswith("who-connected")).endswith("--address, --port")


def test_people_get_a_table_with_amounts_they_can_read(run: Run, folders: Mapping[str, Path]) -> None:
    code, printed, _ = run("who-connected", "--path", folders["extended"], "--address", WEB, "--port", 443)
    assert code == 0
    header, row = printed.splitlines()
    assert header.split()[:2] == ["source", "source_owner"]
    assert row.split() == [CLIENT, "1", "0", "30", "300", "2026-01-01", "12:00:00", "2026-01-01", "12:00:30"]
    assert "50,000" in run("top-talkers-by-bytes", "--path", folders["extended"])[1]
    assert " 3389 " in run("remote-logins", "--path", folders["extended"])[1]


def test_machines_get_json_lines_or_csv_with_the_same_values(run: Run, folders: Mapping[str, Path]) -> None:
    asked = ("who-connected", "--path", folders["default"], "--address", WEB, "--port", "443")
    (row,) = map(json.loads, run(*asked, "--json")[1].splitlines())
    assert row["source_owner"] is None
    assert (row["bytes"], row["first_seen"]) == (300, "2026-01-01T12:00:00Z")
    header, values = run(*asked, "--csv")[1].splitlines()
    assert dict(zip(header.split(","), values.split(","), strict=True)) == {
        name: "" if value is None else str(value) for name, value in row.items()
    }


def test_an_answer_without_rows_is_an_answer(run: Run, folders: Mapping[str, Path]) -> None:
    asked = ("who-connected", "--path", folders["default"], "--address", "192.0.2.1", "--port", 1)
    assert run(*asked)[:2] == (
        0,
        "source  source_owner  country  accepted  rejected  packets  bytes  first_seen  last_seen\n",
    )
    assert run(*asked, "--json")[:2] == (0, "")


def test_an_address_is_found_in_whatever_spelling_it_is_asked_for(run: Run, folders: Mapping[str, Path]) -> None:
    asked = ("rejects-by-source-outside-network", "--path", folders["default"], "--json")
    assert sources(run(*asked, "--network", "198.51.100.0/24")[1]) == [WEB]
    assert sources(run(*asked, "--network", "2001:DB8::/32")[1]) == [SCANNER, WEB]


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ((), [SCANNER, WEB]),
        (("--from", "2026-01-01", "--to", "2026-01-01"), [SCANNER, WEB]),
        (("--from", "2026-01-02"), []),
        (("--to", "2025-12-31"), []),
        (("--to", "20260101"), [SCANNER, WEB]),
        (("--to", "9999-12-30"), [SCANNER, WEB]),
        (("--from", "2026-01-01T12:04"), [WEB]),
        (("--from", "2026-01-01T12:04:01"), []),
        (("--to", "2026-01-01T12:03:59"), [SCANNER]),
        (("--from", "2026-01-01T13:04+01:00"), [WEB]),
    ],
)
def test_records_of_the_asked_time_are_counted(
    run: Run, folders: Mapping[str, Path], times: tuple[str, ...], found: list[str]
) -> None:
    code, printed, _ = run("rejects-by-source", "--path", folders["default"], "--json", *times)
    assert (code, sources(printed.strip())) == (0, found)


def test_a_record_before_midnight_is_found_in_the_object_of_the_next_day(run: Run, tmp_path: Path) -> None:
    late = [each.replace(str(NOON), str(NOON + 43_190)) for each in traffic(FORMATS["default"])]
    path = write_enriched(tmp_path, late, FORMATS["default"], at=NOON + 43_260)
    assert path.parts[-3:-1] == ("day=2026-01-02", "hour=00")
    asked = ("top-talkers-by-bytes", "--path", tmp_path, "--to", "2026-01-01", "--json")
    assert sources(run(*asked)[1])[0] == DATABASE


def test_what_a_nat_gateway_passes_on_does_not_count_for_the_host_again(run: Run, tmp_path: Path) -> None:
    sent = {"srcaddr": WEB, "dstaddr": "203.0.113.9", "bytes": 500, "flow_direction": "egress"}
    passed_on = sent | {"dstaddr": "10.0.0.9", "flow_direction": "ingress", "interface_id": "eni-nat"}
    passed_back = {"srcaddr": "10.0.0.9", "dstaddr": WEB, "flow_direction": "egress", "interface_id": "eni-nat"}
    lines = [
        line(EXTENDED, **sent),
        line(EXTENDED, **passed_on, pkt_dstaddr="203.0.113.9"),
        line(EXTENDED, **passed_back, pkt_srcaddr="203.0.113.9", bytes=900),
    ]
    write_enriched(tmp_path, lines, EXTENDED)
    (row,) = map(json.loads, run("top-talkers-by-bytes", "--path", tmp_path, "--json")[1].splitlines())
    assert (row["source"], row["bytes"]) == (WEB, 500)


def test_files_folders_and_globs_are_read_together_each_file_once(run: Run, tmp_path: Path) -> None:
    one = write_enriched(tmp_path / "one", traffic(FORMATS["default"]), FORMATS["default"])
    write_enriched(tmp_path / "two", traffic(FORMATS["extended"]), FORMATS["extended"])
    paths = ("--path", one, "--path", tmp_path / "one", "--path", f"{tmp_path}/*/enriched/day=*/*/*.parquet")
    rows = [json.loads(each) for each in run("top-talkers-by-bytes", *paths, "--json")[1].splitlines()]
    assert (rows[0]["source"], rows[0]["bytes"]) == (DATABASE, 2 * 50_000)


def test_queries_of_rule_usage_read_the_files_of_the_days_that_were_asked_for(run: Run, tmp_path: Path) -> None:
    known = inventory(rule("web", cidr="0.0.0.0/0"), rule("ssh", ports=(22, 22), cidr="0.0.0.0/0"))
    for day, port in (("2026-01-01", 443), ("2026-01-02", 22)):
        (tmp_path / f"day={day}").mkdir()
        used = usage(exchange("192.0.2.7", "10.0.0.2", port), known)
        used.reported().write_parquet(tmp_path / f"day={day}" / "rules.parquet")
    unused = ("unused-rules", "--path", tmp_path, "--json")
    for times, rules in (
        ((), ["out"]),
        (("--to", "2026-01-01"), ["ssh", "out"]),
        (("--from", "2026-01-02"), ["web", "out"]),
    ):
        code, printed, _ = run(*unused, *times)
        assert (code, [json.loads(each)["rule_id"] for each in printed.splitlines()]) == (0, rules)


def test_files_of_another_table_are_refused(run: Run, folders: Mapping[str, Path]) -> None:
    code, _, complained = run("unused-rules", "--path", folders["default"])
    assert code == 1
    assert complained == (
        "flowsentry: the files have no column rule_id; allowed: Parquet of rule usage, which Flowsentry writes\n"
    )


def test_files_of_other_days_are_not_opened(tmp_path: Path) -> None:
    for day in ("2026-01-01", "2026-01-02", "2026-01-03"):
        (tmp_path / f"day={day}").mkdir()
        (tmp_path / f"day={day}" / "a.parquet").touch()
    (tmp_path / "b.parquet").touch()
    during = TimeRange(moment("2026-01-01", is_last=False), moment("2026-01-01", is_last=True))
    found = files_at([str(tmp_path)], during)
    assert [str(Path(each).relative_to(tmp_path)) for each in found] == [
        *("b.parquet", "day=2026-01-01/a.parquet", "day=2026-01-02/a.parquet")
    ]


WRONG = {
    "no path": (("top-owners",), "top-owners needs --path: enriched Parquet, files or a folder with them"),
    "no address": (("who-connected", "--port", "1", "--path", "{folder}"), "who-connected needs --address"),
    "an option too many": (
        ("top-owners", "--path", "{folder}", "--port", "22"),
        "top-owners takes no --port; flowsentry query --list shows what each query takes",
    ),
    "nothing there": (("top-owners", "--path", "{folder}/nothing"), "{folder}/nothing: no Parquet file is there"),
    "in S3": (
        ("top-owners", "--path", "s3://bucket/enriched/"),
        "objects in S3 are not read; allowed: files on this machine, copied with aws s3 sync",
    ),
    "other Parquet": (
        ("top-owners", "--path", "{folder}/other.parquet"),
        "the files have no column direction; allowed: enriched Parquet, which Flowsentry writes",
    ),
    "no Parquet": (
        ("top-owners", "--path", "{folder}/damaged.parquet"),
        "cannot read the files: Invalid Input Error: File '{folder}/damaged.parquet' too small to be a Parquet file",
    ),
    "damaged later": (("top-owners", "--path", "{folder}/torn.parquet"), "cannot read the files: "),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_has_no_answer_is_one_sentence(run: Run, wrong: str, tmp_path: Path) -> None:
    pl.DataFrame({"start": [1], "srcaddr": ["10.0.0.1"]}).write_parquet(tmp_path / "other.parquet")
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1")
    whole = write_enriched(tmp_path, traffic(FORMATS["default"]), FORMATS["default"]).read_bytes()
    (tmp_path / "torn.parquet").write_bytes(whole[:4] + b"\xff" * 600 + whole[604:])
    arguments, sentence = WRONG[wrong]
    code, printed, complained = run(*(each.replace("{folder}", str(tmp_path)) for each in arguments))
    assert (code, printed) == (1, "")
    assert len(complained.splitlines()) == 1
    assert complained.startswith(f"flowsentry: {sentence.replace('{folder}', str(tmp_path))}")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give the NAME of one query, or --list for all of them"),
        (("top-talkers",), "'top-talkers' is no query; did you mean top-talkers-by-bytes?"),
        (("who-connected", "--address", "10.0.0"), "'10.0.0' is not an address; use 10.0.0.7"),
        (("who-connected", "--network", "10.0.0.7/8"), "'10.0.0.7/8' is not a network; use 10.0.0.0/8"),
        (("who-connected", "--port", "65536"), "'65536' is not a port; use 0 to 65535"),
        (("who-connected", "--from", "noon"), "'noon' is not a time; use 2026-11-03 or 2026-11-03T14:05"),
        (("who-connected", "--from", "0001-01-01T00:00+10:00"), "is not a time; use 2026-11-03"),
        (("who-connected", "--from", "1969-12-31"), "is not a time; use 2026-11-03"),
        (("who-connected", "--to", "9999-12-31"), "is not a time; use 2026-11-03"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_read(
    run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    code, printed, complained = run(*arguments)
    assert (code, printed) == (2, "")
    assert sentence in complained


def test_a_time_that_ends_before_it_begins_is_refused(run: Run, folders: Mapping[str, Path]) -> None:
    times = ("--from", "2026-01-02", "--to", "2026-01-01")
    code, printed, complained = run("top-owners", "--path", folders["default"], *times)
    assert (code, printed) == (1, "")
    assert complained == "flowsentry: --from is later than --to; allowed: a time before it\n"


def test_too_little_memory_is_one_sentence(
    run: Run, folders: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "MEMORY", "1MB")
    monkeypatch.setattr(database, "DISK", "0KB")
    code, _, complained = run("top-pairs", "--path", folders["extended"])
    assert code == 1
    assert complained == (
        "flowsentry: the query needs more than 1MB of memory and 0KB of disk; ask for a shorter time, or fewer files\n"
    )


def test_a_parameter_is_never_part_of_the_statement() -> None:
    hostile = "' OR 1=1 --"
    (query,) = [each for each in QUERIES if each.name == "who-connected"]
    assert hostile not in query.for_duckdb
    assert "$address" in query.for_duckdb


def test_the_list_for_machines_has_the_same(run: Run) -> None:
    code, printed, _ = run("--list", "--json")
    listed = {each["name"]: each["options"] for each in map(json.loads, printed.splitlines())}
    assert (code, listed["who-connected"]) == (0, ["--address", "--port"])


def test_names_that_others_gave_can_neither_forge_lines_nor_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    found = Answer(
        ("owner", "bytes"), [('=HYPERLINK("http://x")', -1), ("a\nb \x1b[31m", 2), ("+1", 3), ("-a", 4), ("@a", 5)]
    )
    output.print_answer(found)
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 6
    assert not any("\x1b" in each for each in table)
    (text,) = output.as_csv(found)
    owners = [row["owner"] for row in csv.DictReader(io.StringIO(text))]
    assert owners == ['\'=HYPERLINK("http://x")', "a\nb \x1b[31m", "'+1", "'-a", "'@a"]
    assert json.loads(next(output.as_json(found)))["owner"] == '=HYPERLINK("http://x")'


def test_a_day_is_its_first_or_its_last_second() -> None:
    assert moment("2026-01-01", is_last=False) == datetime(2026, 1, 1, tzinfo=UTC)
    assert moment("2026-01-01", is_last=True) == datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC)
    assert moment("2026-01-01T00:00", is_last=True) == datetime(2026, 1, 1, tzinfo=UTC)
