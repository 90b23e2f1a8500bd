"""Whatever a source holds, every line of it is accounted for."""

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import Watch, flow_log
from tests.properties.strategies import LAW_OF_TRAFFIC, bad_lines, formats, records


@LAW_OF_TRAFFIC
@given(st.data())
def test_every_line_of_every_format_is_a_record_a_status_or_rejected(data: st.DataObject) -> None:
    names = data.draw(formats)
    good, bad = data.draw(st.lists(records(names), max_size=20)), data.draw(st.lists(bad_lines(names), max_size=3))
    (outcome,) = Watch().see(flow_log([*good, *bad], names))
    assert outcome.lines == len(good) + len(bad)
    assert outcome.accepted_records + outcome.nodata + outcome.skipdata == len(good)
    assert outcome.rejected.total == len(bad)
