"""The canary of a deployment: when it is due, what was written, and whether its alert was sent.

A sweep writes it some minutes after the last stack was deployed, and later sweeps look for its finding. It is not part
of a deploy: a canary that is lost raises an alarm and blocks no deploy.
"""

from collections.abc import Callable, Sequence

from botocore.exceptions import ClientError

from flowsentry.aws.findings.item import Entry, number
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.control_item import ControlItem, Values, number_in, texts, texts_in
from flowsentry.aws.notifications.recipients import UNCONFIRMED, confirmed_since
from flowsentry.aws.upkeep.canary_request import WrittenCanaries
from flowsentry.aws.upkeep.canary_writer import CanaryWriter, NotWrittenError
from flowsentry.errors import RetryableError
from flowsentry.findings.canary import Canary, Way
from flowsentry.telemetry import count, logger
from flowsentry.value import Value

SETTLING_SECONDS = 180
"""Time from the last deployed stack to the canary. Longer: the test alert comes later. Shorter: in a deploy of several
stacks, the canary meets functions that are still being updated, and each stack has a test alert of its own."""
FIRST_SECONDS = 600
"""The same before the first canary of a deployment, from its first sweep or its last stack, whichever is later: people
confirm their subscriptions. Longer: the test alert comes later. Shorter: fewer people get it."""
CONFIRMING_SECONDS = 86_400
"""Time after a canary in which another one follows when a subscription is confirmed that was not. Longer, shorter: who
confirms later than this gets no test alert until the next deploy."""
LOST_SECONDS = 1_200
"""Time from a canary to its finding after which it is lost. Longer: a broken deployment is noticed later. Shorter: two
retries of a payload, a minute and two minutes after it, count as a loss."""
FORGOTTEN_SECONDS = 7_200
"""Time after which a canary whose finding was stored, and whose alert was not sent, is not looked for any more. Longer:
more reads, although the alarm alerts-not-sent reports it before. Shorter: an alert that SNS delayed has no
CanarySeconds."""


class CanaryRun(Value, frozen=True):
    """The canary's item, and what it needs. All methods raise RetryableError when the table can't be reached."""

    item: ControlItem
    findings: FindingTable
    writer: CanaryWriter
    recipients: Callable[[], list[str]]
    is_after_deploy: bool

    def deployed(self) -> None:
        """A stack of the deployment was deployed: the canary is due some minutes after the last one."""
        if self.is_after_deploy:
            wait = SETTLING_SECONDS if "sent_at" in self.item.read() else FIRST_SECONDS
            self.item.change({"due": number(self.item.clock() + wait)})

    def step(self) -> None:
        """Writes a canary that is due, or looks for the findings of the last one, or for who gets alerts since."""
        known = self.item.read()
        if not known:
            first = {"due": number(self.item.clock() + FIRST_SECONDS)} if self.is_after_deploy else {}
            self.item.put_first(first)
        elif "due" in known and number_in(known, "due") <= self.item.clock():
            self._write(known)
        elif "sent_at" in known and "settled_at" not in known:
            self._look_for(known)
        elif self.is_after_deploy and self.item.clock() - number_in(known, "sent_at") < CONFIRMING_SECONDS:
            self._repeat_for_newcomers(known)

    def _write(self, known: Values) -> None:
        """Claims the canary first, so that two sweeps at once write it once; a sweep that dies writes it later."""
        now = int(self.item.clock())
        claim = {"due": number(now + LOST_SECONDS)}
        if not self.item.change(claim, only_if={"due": known["due"]}):
            return
        problems: list[str] = []
        written = [way for way in self.writer.ways if self._is_written(Canary(now, way), problems)]
        count("CanariesLost", len(problems))
        self.item.put(
            {
                "sent_at": number(now),
                "ways": texts([way.value for way in written]),
                "problems": texts(problems),
                "recipients": texts(self._recipients()),
                **({} if written else {"settled_at": number(now)}),
            }
        )

    def _repeat_for_newcomers(self, known: Values) -> None:
        """Makes a canary due when somebody confirmed a subscription that got no test alert."""
        before = texts_in(known, "recipients")
        if any(each.endswith(UNCONFIRMED) for each in before) and confirmed_since(before, self._recipients()):
            self.item.change({"due": number(self.item.clock())}, only_if={"sent_at": known["sent_at"]})

    def _recipients(self) -> list[str]:
        try:
            return self.recipients()
        except (ClientError, RetryableError) as error:
            return [f"not known: {error}"]

    def _is_written(self, canary: Canary, problems: list[str]) -> bool:
        try:
            self.writer.write(canary)
        except NotWrittenError as error:
            logger().error("canary not written", extra={"way": canary.way, "error": str(error)})
            problems.append(str(error))
            return False
        return True

    def _look_for(self, known: Values) -> None:
        written = WrittenCanaries.of(known)
        now, sent_at, entries = int(self.item.clock()), written.sent_at, written.entries(self.findings)
        if all(entry and entry.published_at for entry in entries.values()):
            count("CanarySeconds", max(entry.published_at or 0 for entry in entries.values() if entry) - sent_at)
        elif (lost := _without_finding(entries)) and now - sent_at >= LOST_SECONDS:
            count("CanariesLost", len(lost))
            logger().error("canary lost", extra={"ways": lost, "sent_at": sent_at})
        elif now - sent_at < FORGOTTEN_SECONDS:
            return
        self.item.change({"settled_at": number(now)})


def _without_finding(entries: dict[Way, Entry | None]) -> Sequence[Way]:
    return [way for way, entry in entries.items() if entry is None]
