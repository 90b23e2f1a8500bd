"""A day without SNS, without DynamoDB, or without S3: once the service is back, nothing is missing.

Inputs that AWS gives up meanwhile, by the ages and retries that the stacks set, are counted and sent again from where
they are still stored: dead letters from their queue, payloads from their log group.
"""

import time
from dataclasses import dataclass

from campaigns.emulation.deliveries import Deliveries, Tried
from campaigns.emulation.deployed_limits import OBJECT_QUEUE_LIMITS, PROCESSORS, STREAM
from campaigns.emulation.emulated import Emulated, emulated
from campaigns.emulation.faults import Call, Calls, Fault
from campaigns.emulation.outcome import PassOutcome, outcome_of
from campaigns.emulation.simulated_time import BEGINS_AT
from campaigns.process_memory import peak_mb
from campaigns.report import Report
from tests.lambdas.objects import KEY, log_file, object_event_of, put
from tests.lambdas.payloads import of_stream, of_subscription, payload

DAY, SLOTS = 86_400, 12
"""One scan every two hours, alternating between the delivery paths."""
SHORT_SECONDS, SHORT_SLOTS = 60, 3
"""A shorter run than this has only one scan per delivery path."""
SERVICES = {"sns": Fault.SERVER_ERROR, "dynamodb": Fault.THROTTLED, "s3": Fault.LOST_BEFORE}
MAX_ROUNDS = 5_000


@dataclass
class Passed:
    """The outcome of a day, and the numbers of expired and redriven inputs."""

    left: PassOutcome
    faults: int = 0
    expired: int = 0
    redriven: int = 0


def run(seconds: float, seed: int) -> Report:
    """Tries each service in turn while there is time, at least one; the seed determines the first."""
    slots = SLOTS if seconds >= SHORT_SECONDS else SHORT_SLOTS
    services = [*SERVICES][seed % len(SERVICES) :] + [*SERVICES][: seed % len(SERVICES)]
    begun, inputs, faults, lost, failures = time.monotonic(), 0, 0, 0, []
    clean = _day(None, slots)
    print(f"    {_limits()}")
    for service in services:
        if inputs and time.monotonic() - begun > seconds:
            break
        passed = _day(service, slots)
        missing = passed.left.lacks(clean.left)
        inputs, faults, lost = inputs + slots, faults + passed.faults, lost + len(missing)
        failures += [f"a day without {service}: {each[:200]}" for each in missing[:5]]
        print(f"    {service}: {passed.faults} calls failed, {passed.redriven} notices redriven, {_expired(passed)}")
    return Report("dead_days", inputs, faults, lost, peak_mb(), tuple(failures))


def _limits() -> str:
    return (
        f"stacks: an event is received {OBJECT_QUEUE_LIMITS['MAX_RECEIVES']} times, "
        f"kept {OBJECT_QUEUE_LIMITS['RETENTION_DAYS']} days and then "
        f"{OBJECT_QUEUE_LIMITS['DEAD_LETTER_DAYS']} dead; "
        f"a payload is tried {PROCESSORS['STREAM_RETRIES'] + 1} times within "
        f"{PROCESSORS['STREAM_MAX_AGE_HOURS']} h, or {PROCESSORS['MAX_PAYLOAD_AGE_HOURS']} h in the stream, "
        f"which keeps it {STREAM['RETENTION_HOURS']} h"
    )


def _expired(passed: Passed) -> str:
    if not passed.expired:
        return "nothing expired"
    return f"{passed.expired} payloads expired, as their failure destination is S3 too (sent again from the log group)"


def _day(dead: str | None, slots: int) -> Passed:
    """A day on which this service does not answer, and the recovery after it."""
    calls = Calls()
    with emulated(calls) as aws:
        ends_at = BEGINS_AT + DAY

        def choose(call: Call) -> Fault | None:
            is_due = aws.clock.now < ends_at and dead is not None and call.operation.startswith(f"{dead}.")
            return SERVICES[dead] if is_due and dead else None

        calls.choose = choose
        to = Deliveries(aws, max_rounds=MAX_ROUNDS, can_keep=lambda: dead != "s3" or aws.clock.now >= ends_at)
        _morning_to_night(aws, to, slots)
        aws.clock.now = max(aws.clock.now, ends_at)
        to.settle()
        expired, to.expired = to.expired, []
        to.send_again(expired)
        to.asynchronous.append(to.sweep())
        to.settle()
        to.redrive()
        return Passed(outcome_of(aws), len(calls.met), len(expired), to.redriven)


def _morning_to_night(aws: Emulated, to: Deliveries, slots: int) -> None:
    for slot in range(slots):
        begins_at = BEGINS_AT + slot * DAY // slots
        aws.clock.now = max(aws.clock.now, begins_at)
        _send(to, slot, begins_at)
        to.asynchronous.append(to.sweep())
        to.deliver_until(begins_at + DAY // slots)


def _send(to: Deliveries, slot: int, at: int) -> None:
    """Delivers a scan through the delivery path of this slot."""
    lines = [
        f"2 123456789012 eni-1 10.0.1.{slot + 1} 10.0.2.{host} 50000 22 6 3 180 {at - 300} {at - 250} REJECT OK"
        for host in range(10, 22)
    ]
    delivery_path = slot % 3
    if delivery_path == 0:
        to.asynchronous.append(Tried("stream_processor", of_subscription(payload(*lines))))
    elif delivery_path == 1:
        to.batches.append(Tried("stream_processor", of_stream(payload(*lines))))
    else:
        key = KEY.replace("5f1e2d3c", f"{slot:08x}")
        put(log_file(*lines), key)
        to.object_event(object_event_of(key.replace("=", "%3D"), eTag=key))
