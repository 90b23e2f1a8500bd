"""flowsentry replay: runs your own flow logs through the pipeline, or compares two settings on them (back-test)."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer

from flowsentry.findings.suppressions import Suppressions
from flowsentry.findings.thresholds import ThresholdError, Thresholds, known_thresholds
from flowsentry.inventory.address_space import PRIVATE_NETWORKS
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.named_services import LOGIN_PORTS, NamedServices, named_service
from flowsentry.pipeline import Context
from local.console.port import PORT, ConsolePort
from local.inventory.kept_files import state_folder
from local.inventory.live import LiveError, live_inventory
from local.knowledge import KnowledgeError, KnowledgeOptions, knowledge_of, settings_in, suppressions_in
from local.log_files import all_sources
from local.parse_command import FormatOptions
from local.query.time_range import TimeRange
from local.reading.progress import Progress
from local.replay.comparison import Comparison, Side
from local.replay.continuation import continuation, digest_of
from local.replay.reading_options import ReadingOptions
from local.replay.replay import Replay
from local.replay.reporting import reported_replay, why_nothing
from local.replay.session import Session
from local.terminal.command import Command
from local.terminal.complaints import MisuseError, complain, remark
from local.terminal.folding import print_folded
from local.terminal.waiting import waiting
from stacks.settings.detection import DetectionSettings

NETWORKS, DETECTION = "Your networks", "Thresholds"
"""Groups of options in --help."""
DEFAULTS, SETTINGS = "default", "settings"
STANDARD_INPUT = "-"


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a CIDR block; use one without host bits, such as 192.0.2.0/24"
        ) from error


def _public(text: str) -> str:
    try:
        named_service(text, LOGIN_PORTS)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return text


def _thresholds(incomplete: str) -> Sequence[str]:
    """`scan.min_endpoints=` for `scan.`, for the shell's completion."""
    return [f"{name}=" for name in known_thresholds() if name.startswith(incomplete)]


def _sides(incomplete: str) -> Sequence[str]:
    return [*(name for name in (DEFAULTS, SETTINGS) if name.startswith(incomplete)), *_thresholds(incomplete)]


@dataclass(frozen=True, kw_only=True)
class ReplayOptions(KnowledgeOptions, FormatOptions, ReadingOptions):
    """Of flowsentry replay."""

    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="files, folders, patterns, s3:// addresses, or - for standard input"),
    ]
    json: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False
    public: Annotated[
        list[str],
        typer.Option(
            parser=_public,
            metavar="SERVICE",
            rich_help_panel=NETWORKS,
            help="login service that is open to the public: an address, a CIDR block, an address with a port, or the "
            "id or name of its owner; may be given several times",
        ),
    ] = field(default_factory=list)
    inside: Annotated[
        list[str],
        typer.Option(
            parser=_network,
            metavar="CIDR",
            rich_help_panel=NETWORKS,
            help="CIDR block of your own, in addition to the private ranges; may be given several times",
        ),
    ] = field(default_factory=list)
    trusted: Annotated[
        list[str],
        typer.Option(
            parser=_network,
            metavar="CIDR",
            rich_help_panel=NETWORKS,
            help="external CIDR block from which your people log in; may be given several times",
        ),
    ] = field(default_factory=list)
    changes: Annotated[
        list[str],
        typer.Option(
            "--set",
            autocompletion=_thresholds,
            metavar="NAME=VALUE",
            rich_help_panel=DETECTION,
            help="change a threshold, such as scan.min_endpoints=20 (docs/detectors.md lists them); may be given "
            "several times",
        ),
    ] = field(default_factory=list)
    against: Annotated[
        list[str],
        typer.Option(
            autocompletion=_sides,
            metavar="NAME=VALUE",
            rich_help_panel=DETECTION,
            help=f"compare with this threshold instead of printing findings; `{DEFAULTS}` for the defaults, "
            f"`{SETTINGS}` for those of --settings; may be given several times",
        ),
    ] = field(default_factory=list)
    console: Annotated[
        bool, typer.Option("--console", help="show findings, traffic and dashboards on a web page on 127.0.0.1")
    ] = False
    console_port: ConsolePort = PORT


def run(options: ReplayOptions) -> int:
    """Exit code: 0 when every path could be read, 1 when one, or most lines of a file, could not, or when there was
    no file. The rest is replayed in all cases.
    """
    if options.live and options.inventory:
        raise MisuseError("give --inventory or --live, not both")
    if options.console and (options.resume or options.html):
        raise MisuseError("--console shows what it reads; it takes no --resume and no --html")
    if options.resume and STANDARD_INPUT in options.paths:
        raise MisuseError("standard input can be read only once; --resume takes files")
    try:
        settings = settings_in(options.settings)
        inventory, saved = _inventory(options)
        context = _context(options, settings, inventory)
        other = replace(context, thresholds=_other_thresholds(options.against, settings))
    except (KnowledgeError, ThresholdError, LiveError) as error:
        return complain(error)
    if options.console:
        from local.console.replay_console import replay_on_console  # noqa: PLC0415 - only --console needs the server

        return replay_on_console(context, options, options.paths)
    if options.against:
        return _compare(options, other, context)
    return _replay(options, context, saved)


def _inventory(options: ReplayOptions) -> tuple[Inventory | None, Path | None]:
    """The inventory of --live, and its snapshot; None without that option. Raises LiveError."""
    if not options.live:
        return None, None
    with waiting("reads the inventory of the account"):
        found = live_inventory(options.profile, options.region, state_folder())
    remark(f"inventory of {found.target}: saved in {found.path}, for --inventory next time")
    for sentence in found.missing:
        remark(f"inventory: {sentence}")
    return found.inventory, found.path


def _context(options: ReplayOptions, settings: DetectionSettings, live: Inventory | None) -> Context:
    """The context of the pipeline: options override or extend the settings."""
    inventory, geography = knowledge_of(options)
    inside = settings.inside_networks or PRIVATE_NETWORKS
    written = suppressions_in(options.suppressions)
    for sentence in written.unknown_kinds:
        complain(f"{options.suppressions}: {sentence}")
    return Context(
        inventory if live is None else live,
        (*inside, *settings.own_public_networks, *options.inside),
        geography,
        (*settings.trusted_networks, *options.trusted),
        settings.thresholds.changed(options.changes),
        written if options.suppressions else Suppressions.of_json(settings.first_suppressions),
        NamedServices.of(settings.important_services),
        NamedServices.of((*settings.public_login_services, *options.public)),
    )


def _other_thresholds(against: list[str], settings: DetectionSettings) -> Thresholds:
    """The thresholds of --against: changes to the defaults, or to those of the settings with `settings`."""
    start = settings.thresholds if SETTINGS in against else Thresholds()
    return start.changed(change for change in against if change not in {DEFAULTS, SETTINGS})


def _name(context: Context) -> str:
    """`scan.min_endpoints=20`, as it is written on the command line."""
    changes = (f"{name}={value}" for name, value in context.thresholds.differences().items())
    return ",".join(changes) or DEFAULTS


def _replay(options: ReplayOptions, context: Context, saved: Path | None) -> int:
    """`saved` is the snapshot of --live."""
    settings = _settings_of(options, saved)
    kept = None if STANDARD_INPUT in options.paths else continuation(options.resume, options.paths, settings)
    hint = f" and --inventory {saved} instead of --live" if saved else ""
    replay = reported_replay(context, options.formats, options.region)
    return Session(replay, options.paths, options, options.json, kept, hint).run()


def _settings_of(options: ReplayOptions, saved: Path | None) -> dict[str, str]:
    """What decides the findings beside the logs, by option: of files, what stands for their content."""
    lists = {"--format": options.formats, "--inside": options.inside, "--trusted": options.trusted}
    lists |= {"--public": options.public, "--set": options.changes}
    files = {"--inventory": saved or options.inventory, "--settings": options.settings}
    files |= {"--suppressions": options.suppressions}
    geo = [digest_of(each.read_bytes()) for each in options.geo]
    digests = {name: digest_of(path.read_bytes()) if path else "" for name, path in files.items()}
    return {name: str(values) for name, values in lists.items()} | digests | {"--geo": str(geo)}


def _compare(options: ReplayOptions, one: Context, other: Context) -> int:
    """Prints the comparison. Only the second side prints messages about unreadable files: both read the same files."""
    if STANDARD_INPUT in options.paths:
        return complain("standard input can be read only once; give files to compare")
    if options.resume or options.html:
        raise MisuseError("--against compares findings; it takes no --resume and no --html")
    silent = Replay(one, options.formats, complain=lambda _message: 1, progress=Progress(is_wanted=False))
    before = Side(_name(one), silent)
    after = Side(_name(other), Replay(other, options.formats))
    comparison = Comparison(before, after)
    found, after.replay.unlisted = all_sources(options.paths, complain, options.selection)
    for source in after.replay.progress.over(found):
        comparison.take(source)
    if options.json:
        for line in comparison.json_lines():
            print(line)
    else:
        print_folded(comparison.lines())
    return _summarized(after.replay, options.selection.times)


def _summarized(replay: Replay, times: TimeRange) -> int:
    replay.progress.hide()
    for line in replay.summary():
        remark(line)
    if reason := why_nothing(replay, times):
        return complain(reason)
    return 1 if replay.not_read else 0


COMMAND = Command(
    options=ReplayOptions,
    run=run,
    description="Runs flow logs through the same pipeline as in AWS. Prints findings and a report on stdout, and a "
    "summary on stderr. Nothing leaves this machine. Ctrl-C and a lost connection name a file with which --resume goes "
    "on. With --against, runs the logs with two settings and prints the findings that appear and disappear.",
    examples=(
        "flowsentry replay --inside 198.51.100.0/24 logs/",
        "flowsentry replay --console --inventory snapshot.zip logs/",
        "flowsentry replay --inventory snapshot.zip --json logs/ > findings.jsonl",
        "flowsentry replay --json --report report.json logs/ > findings.jsonl",
        "flowsentry replay --since 7d --html report.html s3://bucket/AWSLogs/",
        "flowsentry replay --live --profile audit --region eu-west-1 logs/",
        "flowsentry replay --set scan.min_endpoints=20 --against default logs/",
    ),
    succeeds_when="all paths were read, with findings or without",
    fails_when="a path, or most lines of a file, could not be read, no flow logs were found, or S3 was lost",
    output="a line for each finding; with --report - a last one with the report; with --against one a difference",
)
