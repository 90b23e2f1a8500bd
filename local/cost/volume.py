"""How much is logged in a month, and the sources that AWS makes of it: payloads, or objects."""

from dataclasses import dataclass

from local.cost.measured import Format, Measured, Sample, of_size
from stacks.prices.meter import BYTES_IN_GB, DAYS_A_MONTH

MINUTES = DAYS_A_MONTH * 24 * 60
"""Of the month that everything is calculated for."""
OBJECT_MINUTES = 5
"""AWS writes a file for each flow log every five minutes, and another one when a file has 75 MB.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html"""
MAX_OBJECT_BYTES = 75e6


@dataclass(frozen=True, slots=True)
class Volume:
    """GB of flow log text a month, of network interfaces that all have traffic in every minute.

    A minute in which an interface has no traffic makes a payload too: its NODATA record.
    """

    gigabytes: float
    interfaces: int
    flow_logs: int = 1

    def records(self, form: Format) -> float:
        """Records a month."""
        return self.gigabytes * BYTES_IN_GB / form.text_bytes

    def payloads(self, form: Format) -> float:
        """Payloads a month: one for each interface and minute, if there are records for so many."""
        return min(self.interfaces * MINUTES, self.records(form))

    def objects(self, form: Format) -> float:
        """Objects a month: one for each flow log and five minutes, or as many as AWS fills."""
        records = self.records(form)
        by_time, by_size = self.flow_logs * MINUTES / OBJECT_MINUTES, records * form.gzip_bytes / MAX_OBJECT_BYTES
        return min(max(by_time, by_size), records)

    def payload(self, given: Measured) -> Sample:
        """The mean payload."""
        form = given.extended_format
        return of_size(given.payloads, self.records(form) / self.payloads(form))

    def object(self, given: Measured) -> Sample:
        """The mean object."""
        form = given.extended_format
        return of_size(given.objects, self.records(form) / self.objects(form))
