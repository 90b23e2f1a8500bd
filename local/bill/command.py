"""flowsentry bill: what the traffic in your own flow logs costs, by owner and path."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from flowsentry.emit.plain_text import plain
from flowsentry.enrich import enrich
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.parse import flows_of
from flowsentry.records.charged_paths import BILLED_PATHS, UNKNOWN_PATH
from local.bill.bill import Bill, Charged, notes_of
from local.knowledge import KnowledgeError, inventory_in
from local.parse_command import add_formats_to, complain
from local.reading.log_reading import LogReading
from stacks.prices.meter import AS_OF, BYTES_IN_GB, DAYS_A_MONTH, DEFAULT_REGION
from stacks.prices.own_prices import TrafficPrices
from stacks.prices.traffic import has_quotes_of, quotes
from stacks.settings.reading import SettingsError, read_section

MAX_ROWS = 50
"""Rows of the table. --json prints all. More: a table that nobody reads. Fewer: small owners are not seen."""
MAX_NAME_LETTERS = 40
WITHOUT_INVENTORY = "without --inventory no owner, and of most bytes no path, is known"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command and its arguments."""
    parser = commands.add_parser(
        "bill",
        help="what the traffic in your own flow logs costs, by owner and path",
        description="Prints the bytes in flow logs that AWS charges, by owner and path, at list prices, and the total "
        "of a day and of a month with the same traffic. Nothing leaves this machine. Exit code 1 when a path, or most "
        "lines of a file, could not be read, or when no flow logs were found.",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, or s3:// addresses")
    add_formats_to(parser)
    parser.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="inventory snapshot (inventory/snapshot.zip in the output bucket): owners, zones, gateways and routes",
    )
    parser.add_argument("--region", help=f"the Region of the list prices (default {DEFAULT_REGION})")
    parser.add_argument(
        "--prices",
        type=Path,
        metavar="FILE",
        help='prices of yours in JSON, in dollars for a GB, such as {"nat_gateway": 0.03}',
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines: a line for each owner and path")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
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
    if not has_quotes_of(prices.region):
        notes.append(f"no list price of {prices.region} is known: those of {DEFAULT_REGION} are used")
    for line in _as_json(bill, notes) if options.json else _as_text(bill, prices.region, notes):
        print(line)
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


def _as_text(bill: Bill, region: str, notes: Sequence[str]) -> Iterator[str]:
    rows = bill.charged
    yield f"{'path':<16}{'owner':<{MAX_NAME_LETTERS + 2}}{'kind':<28}{'GB':>12}{'dollars':>12}"
    yield from (_row(row) for row in rows[:MAX_ROWS])
    if rest := rows[MAX_ROWS:]:
        yield _row(_together("", f"{len(rest)} more", rest))
    yield ""
    for path in BILLED_PATHS:
        if of_path := [row for row in rows if row.path == path]:
            yield _row(_together(path, "all", of_path))
    yield ""
    days = f"{bill.days:.2f}"
    yield f"in these {days} days  ${bill.dollars(bill.days):,.2f}"
    yield f"a day  ${bill.dollars(1):,.2f}"
    yield f"a month of {DAYS_A_MONTH} days  ${bill.dollars(DAYS_A_MONTH):,.2f}, extrapolated from these {days} days"
    unsure = [path for path in BILLED_PATHS if not bill.quotes[path].is_verified and bill.charged_gb(path)]
    doubt = f"; not verified: {', '.join(unsure)}" if unsure else ""
    yield f"prices  list prices of {region}, {AS_OF}, without negotiated discounts and hourly prices{doubt}"
    yield from (f"note  {note}" for note in notes)


def _together(path: str, owner: str, rows: Sequence[Charged]) -> Charged:
    return Charged(path, owner, "", "", sum(row.bytes for row in rows), sum(row.dollars for row in rows))


def _row(row: Charged) -> str:
    owner = plain(row.owner or row.id or "unknown owner", MAX_NAME_LETTERS)
    amounts = f"{row.bytes / BYTES_IN_GB:>12,.3f}{row.dollars:>12,.2f}"
    return f"{row.path:<16}{owner:<{MAX_NAME_LETTERS + 2}}{plain(row.kind, 26):<28}{amounts}"
