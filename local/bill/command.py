"""flowsentry bill: what the traffic in your own flow logs costs, by owner and path."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from flowsentry.emit.plain_text import plain
from flowsentry.enrich import enrich
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.parse import flows_of
from flowsentry.records.charged_paths import BILLED_PATHS, UNKNOWN_PATH
from local.bill.bill import Bill, Charged, note_on_prices, notes_of
from local.knowledge import KnowledgeError, inventory_in
from local.parse_command import FormatOptions
from local.reading.log_reading import LogReading
from local.terminal.command import Command
from local.terminal.complaints import complain
from local.terminal.links import print_text
from local.terminal.tables import Column, print_table
from stacks.prices.meter import AS_OF, BYTES_IN_GB, DAYS_A_MONTH, DEFAULT_REGION
from stacks.prices.own_prices import TrafficPrices
from stacks.prices.traffic import quotes
from stacks.settings.reading import SettingsError, read_section

MAX_ROWS = 50
"""Rows of the table. --json prints all. More: a table that nobody reads. Fewer: small owners are not seen."""
MAX_NAME_LETTERS = 80
COLUMNS = (
    Column("path", is_whole=True),
    Column("owner"),
    Column("kind"),
    Column("GB", is_number=True),
    Column("dollars", is_number=True),
)
NOTHING = ("", "", "", "", "")
"""An empty row, between the owners and the sums."""
WITHOUT_INVENTORY = "without --inventory no owner, and of most bytes no path, is known"


@dataclass(frozen=True, kw_only=True)
class BillOptions(FormatOptions):
    """Of flowsentry bill."""

    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="files, folders, or s3:// addresses")]
    inventory: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="inventory snapshot (inventory/snapshot.zip in the output bucket): owners, zones, gateways and routes",
        ),
    ] = None
    region: Annotated[
        str | None, typer.Option(metavar="REGION", help=f"the Region of the list prices (default {DEFAULT_REGION})")
    ] = None
    prices: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help='prices of yours in JSON, in dollars for a GB, such as {"nat_gateway": 0.03}'
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="print JSON lines: a line for each owner and path")] = False


def run(options: BillOptions) -> int:
    """Exit code: 0 when every path could be read, 1 when one could not or there was no file."""
    try:
        prices = _prices(options.prices, options.region)
        space = AddressSpace.of(inventory_in(options.inventory) if options.inventory else Inventory())
    except KnowledgeError as error:
        return complain(error)
    reading = LogReading(options.formats)
    bill = Bill(quotes(prices.region, prices.own), reading.coverage)
    for records in reading.records_at(options.paths):
        bill.add(enrich(flows_of(records), space))
    if reading.nothing:
        return complain(reading.nothing)
    notes = [*reading.gaps(), *notes_of(bill), *([] if options.inventory else [WITHOUT_INVENTORY])]
    notes += note_on_prices(prices.region)
    if options.json:
        print(*_as_json(bill, notes), sep="\n")
    else:
        _print(bill, prices.region, notes)
    return 1 if reading.unread else 0


def _prices(path: Path | None, region: str | None) -> TrafficPrices:
    """The prices in a file, of this Region unless None. Raises KnowledgeError."""
    try:
        given: Any = json.loads(path.read_text()) if path else {}
        if not isinstance(given, dict):
            raise KnowledgeError(f"--prices {path}: no JSON object")
        return read_section(TrafficPrices, "prices", given | ({"region": region} if region else {}))
    except OSError as error:
        raise KnowledgeError(f"--prices {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise KnowledgeError(f"--prices {path}: {error}") from error
    except SettingsError as error:
        raise KnowledgeError("; ".join(error.problems)) from error


def _as_json(bill: Bill, notes: Sequence[str]) -> Iterator[str]:
    yield from (json.dumps(row._asdict()) for row in bill.charged)
    yield json.dumps(
        {
            "path": UNKNOWN_PATH,
            "bytes": bill.unknown_bytes,
            "logged_bytes": bill.bytes,
            "days": round(bill.days, 4),
            "dollars_a_day": bill.dollars(1),
            "dollars_a_month": bill.dollars(DAYS_A_MONTH),
            "notes": notes,
        }
    )


def _print(bill: Bill, region: str, notes: Sequence[str]) -> None:
    rows = bill.charged
    print_table(COLUMNS, [*map(_row, rows[:MAX_ROWS]), *_more(rows[MAX_ROWS:]), NOTHING, *_sums(rows)])
    print()
    print_text("\n".join([*_totals(bill, region), *(f"note  {note}" for note in notes)]))


def _more(rest: Sequence[Charged]) -> Iterator[Sequence[str]]:
    if rest:
        yield _row(_together("", f"{len(rest)} more", rest))


def _sums(rows: Sequence[Charged]) -> Iterator[Sequence[str]]:
    """A row for each path that has some."""
    for path in BILLED_PATHS:
        if of_path := [row for row in rows if row.path == path]:
            yield _row(_together(path, "all", of_path))


def _totals(bill: Bill, region: str) -> Iterator[str]:
    days = f"{bill.days:.2f}"
    yield f"in these {days} days  ${bill.dollars(bill.days):,.2f}"
    yield f"a day  ${bill.dollars(1):,.2f}"
    yield f"a month of {DAYS_A_MONTH} days  ${bill.dollars(DAYS_A_MONTH):,.2f}, extrapolated from these {days} days"
    unsure = [path for path in BILLED_PATHS if not bill.quotes[path].is_verified and bill.charged_gb(path)]
    doubt = f"; not verified: {', '.join(unsure)}" if unsure else ""
    yield f"prices  list prices of {region}, {AS_OF}, without negotiated discounts and hourly prices{doubt}"


def _together(path: str, owner: str, rows: Sequence[Charged]) -> Charged:
    return Charged(path, owner, "", "", sum(row.bytes for row in rows), sum(row.dollars for row in rows))


def _row(row: Charged) -> Sequence[str]:
    owner = plain(row.owner or row.id or "unknown owner", MAX_NAME_LETTERS)
    return row.path, owner, plain(row.kind, 26), f"{row.bytes / BYTES_IN_GB:,.3f}", f"{row.dollars:,.2f}"


COMMAND = Command(
    options=BillOptions,
    run=run,
    description="Prints the bytes in flow logs that AWS charges, by owner and path, at list prices, and the total of a "
    "day and of a month with the same traffic. Nothing leaves this machine.",
    examples=(
        "flowsentry bill --inventory snapshot.zip logs/",
        "flowsentry bill --region eu-central-1 --json logs/ | jq .dollars",
    ),
    succeeds_when="all paths were read",
    fails_when="a path, or most lines of a file, could not be read, or no flow logs were found",
    output="a line for each owner and path, and a last line with the totals and notes",
)
